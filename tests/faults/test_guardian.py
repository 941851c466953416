"""The holder's side of the guardian: one for each process, and never missed when it is gone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults import Ground, Hang, Latency, injected
from codeblue.faults.ground import new_owner
from codeblue.faults.guardian import Guardian, GuardianLostError, guardian, holder
from codeblue.faults.record import Record, StandingFault
from codeblue.journal import Journal

from .conftest import EDGE, Edge, events
from .holders import seconds_until

pytestmark = pytest.mark.slow


@pytest.fixture
def mine() -> Iterator[Guardian]:
    """A guardian of its own, which ends with the test."""
    started = Guardian()
    yield started
    started.close()
    psutil.wait_procs([psutil.Process(started.pid)] if psutil.pid_exists(started.pid) else [], 15)


def unreachable() -> StandingFault:
    return StandingFault.of(Hang(EDGE), Ground(new_owner(), "http://127.0.0.1:1"), {"toxics": []})


def test_a_process_has_one_guardian_in_a_session_of_its_own() -> None:
    first = guardian()
    assert guardian() is first
    assert os.getsid(first.pid) == first.pid
    assert psutil.Process(first.pid).ppid() == os.getpid()


def test_it_ends_by_itself_when_it_is_let_go(mine: Guardian) -> None:
    standing = unreachable()
    mine.watch(standing)
    assert mine.watches(standing.fault)
    mine.strike(standing.fault)
    assert not mine.watches(standing.fault)
    mine.close()
    assert not psutil.pid_exists(mine.pid)


def test_after_its_death_nothing_is_watched_any_more(mine: Guardian) -> None:
    os.kill(mine.pid, signal.SIGKILL)
    with pytest.raises(GuardianLostError, match=r"the guardian \(process \d+\) is gone"):
        mine.watch(unreachable())
    mine.strike("whatever")


def test_its_death_is_noticed_by_the_next_beat(mine: Guardian) -> None:
    os.kill(mine.pid, signal.SIGKILL)
    assert seconds_until(lambda: mine.lost is not None) < 2


def test_one_that_does_not_answer_is_as_good_as_dead(
    mine: Guardian, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.watch(standing := unreachable())
    mine.strike(standing.fault)
    monkeypatch.setattr(holder, "ANSWER_SECONDS", 0.5)
    os.kill(mine.pid, signal.SIGSTOP)
    with pytest.raises(GuardianLostError, match=r"no answer for 0\.5 s"):
        mine.watch(unreachable())
    assert not psutil.pid_exists(mine.pid), "it must not wake up and heal what is not its own"


def test_an_answer_to_an_order_that_was_cut_short_is_not_taken_for_the_next_one(
    mine: Guardian,
) -> None:
    mine.require()
    with mine._asking:
        mine._write(b'{"number": 0, "beat": true}\n', time.monotonic() + 5)
    mine.watch(standing := unreachable())
    mine.strike(standing.fault)
    mine.require()
    assert mine._heard == b""
    assert mine.lost is None


def lose_it(edge: Edge) -> Guardian:
    """Kill the guardian of this process, and wait until its fault is gone."""
    lost = guardian()
    os.kill(lost.pid, signal.SIGKILL)
    assert seconds_until(edge.works) < 2
    return lost


def test_a_new_one_takes_the_place_of_one_that_was_lost(edge: Edge, journal: Journal) -> None:
    ground = Ground(new_owner(), edge.url, folder=str(journal.run.path))
    block = injected(Hang(EDGE), ground, journal)
    with pytest.raises(CodeblueError, match="Its faults were healed"), block:
        lost = lose_it(edge)
    assert events(journal)[-1]["verified"] is True
    with injected(Hang(EDGE), ground, journal):
        assert guardian() is not lost
    assert Record(journal.run.path).standing() == []


def test_a_finding_under_a_lost_guardian_is_no_finding(edge: Edge, journal: Journal) -> None:
    block = injected(Hang(EDGE), Ground(new_owner(), edge.url), journal)
    with pytest.raises(CodeblueError, match="the guardian"), block:
        raise AssertionError(f"the platform broke under {guardian_killed()}")


def guardian_killed() -> int:
    os.kill(guardian().pid, signal.SIGKILL)
    return guardian().pid


def test_the_same_fault_twice_is_refused_and_the_first_one_stays(
    edge: Edge, journal: Journal
) -> None:
    ground = Ground(new_owner(), edge.url)
    with injected(Latency(EDGE, ms=5), ground, journal):
        again = injected(Latency(EDGE, ms=9), ground, journal)
        with pytest.raises(UsageError, match="latency is active already"), again:
            pass
        assert len(edge.toxics()) == 1


def test_nothing_is_broken_that_cannot_be_written_down(edge: Edge, journal: Journal) -> None:
    ground = Ground(new_owner(), edge.url, folder=str(journal.run.path / "gone"))
    with (
        pytest.raises(CodeblueError, match="cannot be written"),
        injected(Hang(EDGE), ground, journal),
    ):
        pass
    assert edge.toxics() == []
    assert edge.works()


def test_it_stands_on_record_before_it_is_broken_and_not_after(
    edge: Edge, journal: Journal
) -> None:
    record = Record(journal.run.path)
    seen: list[int] = []

    class Watching(Hang):
        def inject(self, ground: Ground, trace: dict[str, object]) -> None:
            seen.append(len(record.standing()))
            super().inject(ground, trace)

    ground = Ground(new_owner(), edge.url, folder=str(journal.run.path))
    with injected(Watching(EDGE), ground, journal):
        assert len(record.standing()) == 1
    assert seen == [1]
    assert record.standing() == []


def test_a_forked_child_neither_uses_nor_ends_the_guardian_of_its_parent() -> None:
    before = guardian()
    child = os.fork()
    if child == 0:
        os._exit(0 if holder._current is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    time.sleep(2 * holder.BEAT_SECONDS)
    before.require()


def test_what_goes_wrong_in_a_guardian_is_kept_with_the_run(tmp_path: Path) -> None:
    log = tmp_path / "guardian.log"
    started = Guardian(log)
    started.watch(standing := unreachable())
    started.strike(standing.fault)
    os.write(started._pipe(started._process.stdin).fileno(), b"no order\n")
    psutil.wait_procs([psutil.Process(started.pid)], 10)
    started.close()
    assert "JSONDecodeError" in log.read_text()
