"""Hogs: bounded children that leave nothing, whatever happens to them or to their holder."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import CodeblueError
from codeblue.faults.host.hogs import Hog, cpu_refusal, disk_refusal, memory_refusal, time_refusal
from codeblue.faults.host.hogs.sizes import KEPT_MIB, KEPT_SHARE, SMALL_MIB
from codeblue.faults.process.identity import Identity

from ..processes import until

# A holder: starts a hog, says its number, and waits to be killed.
HOLDER = """
import json, sys, time
from codeblue.faults.host.hogs import Hog
hog = Hog.park(**json.loads(sys.argv[1]))
hog.work()
print(json.dumps([hog.identity.pid, hog.identity.started]), flush=True)
time.sleep(3600)
"""


@contextmanager
def holder(**order: Any) -> Iterator[tuple[subprocess.Popen[str], Identity]]:
    """A process that holds a hog at work."""
    command = [sys.executable, "-c", HOLDER, json.dumps(order)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, Identity(*json.loads(process.stdout.readline()))
        finally:
            process.kill()


def family(hog: Identity) -> list[psutil.Process]:
    """The hog and its children; their process group bears its number."""
    group = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == hog.pid and process.status() != psutil.STATUS_ZOMBIE:
                group.append(process)
        except (OSError, psutil.Error):
            continue
    return group


@contextmanager
def parked(kind: Any, **numbers: Any) -> Iterator[Hog]:
    hog = Hog.park(kind, **numbers)
    try:
        yield hog
    finally:
        hog.end()


def order(kind: str, tmp_path: Path) -> dict[str, Any]:
    shares: dict[str, dict[str, Any]] = {
        "cpu": {"cores": 1, "percent": 20},
        "memory": {"megabytes": 40},
        "disk": {"megabytes": 40, "folder": str(tmp_path)},
    }
    return {"kind": kind, "seconds": 60, **shares[kind]}


KINDS = pytest.mark.parametrize("kind", ["cpu", "memory", "disk"])


@KINDS
def test_one_that_is_parked_takes_nothing_and_ends_when_told(kind: str, tmp_path: Path) -> None:
    with parked(**order(kind, tmp_path)) as hog:
        assert len(family(hog.identity)) == 1
        assert psutil.Process(hog.identity.pid).memory_info().rss < 30 * 2**20
        assert list(tmp_path.iterdir()) == []
    assert not hog.identity.alive


@pytest.mark.slow
@KINDS
def test_kill_of_the_holder_ends_it_and_leaves_no_file(kind: str, tmp_path: Path) -> None:
    with holder(**order(kind, tmp_path)) as (process, hog):
        assert hog.alive
        process.send_signal(signal.SIGKILL)
        until(lambda: not family(hog), seconds=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@KINDS
def test_kill_of_the_hog_itself_leaves_nothing_either(kind: str, tmp_path: Path) -> None:
    with parked(**order(kind, tmp_path)) as hog:
        hog.work()
        os.kill(hog.identity.pid, signal.SIGKILL)
        until(lambda: not family(hog.identity), seconds=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@KINDS
def test_its_own_alarm_ends_it(kind: str, tmp_path: Path) -> None:
    with parked(**order(kind, tmp_path) | {"seconds": 2}) as hog:
        hog.work()
        assert hog.identity.alive
        until(lambda: not family(hog.identity), seconds=6)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_whose_word_never_comes_ends(tmp_path: Path) -> None:
    with parked(**order("memory", tmp_path), patience=2) as hog:
        assert hog.identity.wait(6)
        with pytest.raises(CodeblueError, match="ended before its word came"):
            hog.work()


def test_it_ends_in_any_process_that_knows_who_it_is(tmp_path: Path) -> None:
    with parked(**order("cpu", tmp_path) | {"cores": 2}) as hog:
        hog.work()
        until(lambda: len(family(hog.identity)) == 3)
        code = (
            "from codeblue.faults.host.hogs import Hog;"
            "from codeblue.faults.process.identity import Identity;"
            f"Hog(Identity({hog.identity.pid}, {hog.identity.started})).end()"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
        assert not hog.identity.alive
        until(lambda: not family(hog.identity), seconds=2)


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    with (
        parked("disk", seconds=5, megabytes=1, folder=str(tmp_path / "absent")) as hog,
        pytest.raises(CodeblueError, match="No such file or directory"),
    ):
        hog.work()
    assert not hog.identity.alive


def test_memory_is_really_held(tmp_path: Path) -> None:
    with parked("memory", seconds=20, megabytes=50) as hog:
        hog.work()
        assert psutil.Process(hog.identity.pid).memory_info().rss > 50 * 2**20
        assert Path(f"/proc/{hog.identity.pid}/oom_score_adj").read_text().strip() == "1000"


def test_disk_is_really_held_by_a_file_without_a_name(tmp_path: Path) -> None:
    with parked("disk", seconds=20, megabytes=100, folder=str(tmp_path)) as hog:
        hog.work()
        entries = Path(f"/proc/{hog.identity.pid}/fd").iterdir()
        opened = [entry.stat() for entry in entries if int(entry.name) > 2]
        [held] = [file for file in opened if stat.S_ISREG(file.st_mode)]
        assert held.st_nlink == 0
        assert held.st_blocks * 512 >= 100 * 2**20
        assert list(tmp_path.iterdir()) == []


SIZES = st.integers(0, 5_000_000)


@given(SIZES, SIZES, st.floats(0, 1))
def test_a_disk_keeps_its_reserve_unless_it_is_small(wanted: int, total: int, share: float) -> None:
    free = int(total * share)
    if disk_refusal(wanted, total, free) is None:
        assert wanted >= 1
        small = total <= SMALL_MIB and wanted <= total
        assert small or free - wanted >= max(KEPT_MIB, int(total * KEPT_SHARE))


@given(SIZES, SIZES, st.floats(0, 1))
def test_the_largest_that_a_refusal_names_is_let_through(
    wanted: int, total: int, share: float
) -> None:
    free = int(total * share)
    why = disk_refusal(wanted, total, free)
    if why is not None and "Give 1 to " in why:
        most = int(why.partition("Give 1 to ")[2].partition(":")[0])
        assert disk_refusal(most, total, free) is None
        assert disk_refusal(most + 1, total, free) is not None


@given(SIZES, SIZES)
def test_half_of_the_available_memory_always_stays(wanted: int, available: int) -> None:
    allowed = memory_refusal(wanted, available) is None
    assert allowed == (wanted >= 1 and wanted <= available - wanted)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 256))
def test_no_more_cores_than_there_are(cores: int, percent: int, usable: int) -> None:
    allowed = cpu_refusal(cores, percent, usable) is None
    assert allowed == (1 <= cores <= usable and 1 <= percent <= 100)


@given(st.integers(0, 10_000))
def test_no_hog_lives_longer_than_a_quarter_of_an_hour(seconds: int) -> None:
    assert (time_refusal(seconds) is None) == (1 <= seconds <= 900)
