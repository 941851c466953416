"""One load of many workers: of this machine, and of others, as which this one stands in."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import psutil
import pytest

from codeblue.journal import RunDirectory
from codeblue.load import LoadPlan, LoadResult, requests_of, run_load, serve, start_load
from codeblue.load.ledger import read_ledger
from codeblue.session import Session

from .conftest import Server, Write, freeze, generators, loading

pytestmark = pytest.mark.slow

# Who shares a busy machine with other tests may be late; what counts here is what is counted.
PATIENT = {"lateness_bound": 5.0}
ORDER = (
    'self.create("/v1/orders", {"code": "CBC"}, kind="order", patient=self.next_patient(), '
    'where="/v1/orders/{id}", must=["code"])'
)


def plan(**fields: object) -> LoadPlan:
    usual = {"label": "wide", "journeys": {"ping": 100}, "seconds": 3, "workers": 4}
    return LoadPlan.model_validate(usual | PATIENT | fields)


def workers(pid: int) -> list[psutil.Process]:
    return [process for process in generators(pid) if "--worker" in process.cmdline()]


def test_four_workers_issue_what_was_planned_and_nothing_else(
    session: Session, journey: Write
) -> None:
    journey("ping")
    journey("order", ORDER)
    planned = plan(journeys={"ping": 80, "order": 30})
    result = run_load(session, planned)
    assert result.reason == ""
    assert (result.workers, result.issued, result.ok) == (4, len(planned.schedule()), result.issued)
    records = requests_of(session.run, "wide")
    assert np.array_equal(np.sort(records["intended"]), planned.schedule().due)
    assert len(list(session.run.requests.glob("wide-?.bin"))) == 4
    assert len(list(read_ledger(session.run.path, "wide"))) == result.journeys["order"].ok
    assert not generators(os.getpid())


@pytest.mark.parametrize("count", [1, 4])
def test_a_freeze_is_charged_alike_however_many_workers(
    session: Session, journey: Write, server: tuple[Server, int], count: int
) -> None:
    """100/s for 6 s with a freeze of 1 s and 20 users in all: p99 is 0.94 s (see test_runner)."""
    journey("ping")
    planned = plan(seconds=6, users=20, workers=count, arrivals="constant")
    with start_load(session, planned) as load:
        time.sleep(2.5)
        frozen = freeze(server[0], 1)
        result = load.wait()
    assert result.issued == result.ok == 600
    assert result.journeys["ping"].p99 == pytest.approx(frozen * 1000 - 60, rel=0.15)


def test_a_worker_that_dies_is_noticed_and_what_it_recorded_is_kept(
    session: Session, journey: Write
) -> None:
    journey("ping")
    planned = plan(seconds=6, workers=2)
    with start_load(session, planned) as load:
        time.sleep(2.5)
        workers(os.getpid())[0].kill()
        result = load.wait()
    assert "died" in result.reason
    assert result.issued == len(planned.schedule())
    assert result.dropped > 0
    assert result.ok + result.in_flight + result.dropped == result.issued
    kept = [np.fromfile(path, "u1").size for path in session.run.requests.glob("wide-?.bin")]
    assert min(kept) > 20 * 40


def test_workers_of_other_machines_send_what_they_record(
    session: Session, journey: Write, away: Session
) -> None:
    journey("ping")
    journey("order", ORDER)
    planned = plan(journeys={"ping": 40, "order": 20}, workers=2)
    result, reasons = together(session, planned, [(away, planned), (other(away), planned)])
    assert reasons == ["", ""]
    assert result.reason == ""
    assert result.ok == result.issued == len(planned.schedule())
    assert len(requests_of(session.run, "wide")) == result.issued
    assert len(list(read_ledger(session.run.path, "wide"))) == result.journeys["order"].ok


def test_a_worker_with_another_plan_is_refused(
    session: Session, journey: Write, away: Session
) -> None:
    journey("ping")
    planned = plan(workers=1, seconds=1)
    result, reasons = together(session, planned, [(away, plan(workers=1, seconds=2))])
    assert "another plan" in result.reason
    assert "another plan" in reasons[0]
    assert result.issued == 0


def test_all_workers_die_with_who_started_them(session: Session, journey: Write) -> None:
    journey("ping")
    with loading(plan(seconds=60)) as parent:
        processes = generators(parent.pid)
        assert len(processes) == 5
        parent.kill()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert not alive


@pytest.fixture
def away(session: Session) -> Session:
    """The same platform, seen from another machine: nothing is shared but the address."""
    return other(session)


def other(session: Session) -> Session:
    return replace(session, run=RunDirectory.create(session.workspace, "away"))


def together(
    session: Session, planned: LoadPlan, others: list[tuple[Session, LoadPlan]]
) -> tuple[LoadResult, list[str]]:
    """A master, and one worker for each of the ``others``; its result, and their last words."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    with ThreadPoolExecutor(len(others)) as pool:
        served = [pool.submit(serve, *each, "127.0.0.1", port) for each in others]
        with start_load(session, planned, bind=("127.0.0.1", port)) as load:
            result = load.wait()
        return result, [each.result(60) for each in served]
