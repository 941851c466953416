"""Healing everything at once."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from codeblue.errors import UnhealedError
from codeblue.faults import Ground, Hang, Latency, Refuse, clear, heal_all, panic, sweep
from codeblue.faults.ground import new_owner
from codeblue.faults.record import Record, StandingFault
from codeblue.journal import Journal, RunDirectory, read_events

from ..proxy.conftest import connect, start
from .conftest import EDGE, Edge


def leave(ground: Ground, folder: Path, *faults: Hang | Latency | Refuse) -> None:
    """What a run leaves that was killed together with its guardian."""
    for fault in faults:
        there = replace(ground, owner=new_owner(), folder=str(folder))
        standing = StandingFault.of(fault, there, fault.prepare(there))
        Record(folder).intend(standing)
        fault.inject(there, standing.trace)


def test_what_dead_runs_left_is_healed_and_told_once(edge: Edge, tmp_path: Path) -> None:
    runs = [tmp_path / "one", tmp_path / "two"]
    for run in runs:
        run.mkdir()
    leave(Ground("", edge.url), runs[0], Hang(EDGE), Refuse(EDGE))
    leave(Ground("", edge.url), runs[1], Latency(EDGE, ms=9000))
    edge.server.toxic(EDGE, "slicer")
    outcomes = sweep(runs, [edge.url])
    assert sorted(each.type for each in outcomes) == ["hang", "latency", "refuse", "slicer"]
    assert all(each.healed for each in outcomes)
    assert edge.works()
    assert edge.toxics() == []
    assert all(Record(run).standing() == [] for run in runs)
    assert sweep(runs, [edge.url]) == []


def test_a_toxic_whose_proxy_or_edge_is_gone_is_gone_with_it(edge: Edge, tmp_path: Path) -> None:
    leave(Ground("", edge.url), tmp_path, Hang(EDGE))
    edge.server.client.delete(f"/proxies/{EDGE}")
    other = start()
    other.create(EDGE, edge.upstream)
    leave(Ground("", other.url), tmp_path, Hang(EDGE))
    other.kill()
    outcomes = sweep([tmp_path], [])
    assert [each.why for each in outcomes] == ["gone with its edge", "gone with its proxy"]
    assert Record(tmp_path).standing() == []


def test_a_proxy_that_does_not_answer_is_left() -> None:
    (left,) = clear("http://127.0.0.1:1", seconds=0.2)
    assert not left.healed
    assert "does not answer" in left.why


def test_what_cannot_be_healed_stays_on_record(tmp_path: Path) -> None:
    ground = Ground("o", "http://127.0.0.1:1", folder=str(tmp_path))
    standing = StandingFault.of(Hang(EDGE), ground, {"toxics": ["t"]})
    Record(tmp_path).intend(replace(standing, type="of a later version"))
    (outcome,) = sweep([tmp_path], [])
    assert not outcome.healed
    assert "no such type" in outcome.why
    assert len(Record(tmp_path).standing()) == 1


def test_panic_clears_the_run_and_the_proxy_and_tells_the_journal(
    edge: Edge, tmp_path: Path
) -> None:
    run = RunDirectory(tmp_path)
    Journal(run).event("note", text="begun")
    session = SimpleNamespace(run=run, proxy_url=edge.url, target=None, platform_pid=None)
    leave(Ground("", edge.url), tmp_path, Hang(EDGE), Latency(EDGE, ms=9000))
    assert len(panic(session)) == 2
    assert edge.works()
    told = [event for event in read_events(tmp_path) if event["kind"] == "fault-healed"]
    assert [(event["by"], event["verified"]) for event in told] == [("panic", True)] * 2
    assert panic(session) == []


def test_panic_without_a_proxy_that_answers_is_an_error_with_exit_code_4(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    url = "http://127.0.0.1:1"
    session = SimpleNamespace(run=run, proxy_url=url, target=None, platform_pid=None)
    with pytest.raises(UnhealedError, match="nobody can say") as caught:
        panic(session)
    assert caught.value.exit_code == 4


@pytest.mark.slow
def test_panic_waits_for_no_connection(edge: Edge) -> None:
    """Dead readers, sleepers and silent peers on 200 connections hold up nobody."""
    edge.server.toxic(EDGE, "reset_peer", timeout=60_000)
    edge.server.toxic(EDGE, "slow_close", delay=60_000)
    with ExitStack() as stack:
        for _ in range(200):
            sock = stack.enter_context(connect(edge.port))
            sock.setblocking(False)
            with suppress(BlockingIOError):
                sock.send(bytes(65536))
        heal_all(edge.url)
        assert edge.toxics() == []
    assert edge.works()
