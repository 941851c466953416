"""Loads against a real server that is healthy, frozen for a while, or frozen to the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from codeblue.errors import UsageError
from codeblue.journal import read_events
from codeblue.load import LoadError, LoadPlan, requests_of, run_load, start_load
from codeblue.load.ledger import read_ledger
from codeblue.load.objectives import against_objectives
from codeblue.load.result import request_names
from codeblue.session import Session

from .conftest import Write, freeze, generators, loading

pytestmark = pytest.mark.slow
# Who shares a busy machine with other tests may be late; what counts here is what is counted.
PATIENT = {"lateness_bound": 5.0}
Server = tuple[subprocess.Popen[str], int]


def plan(**fields: object) -> LoadPlan:
    usual = {"label": "usual", "journeys": {"ping": 50}, "seconds": 2, "arrivals": "constant"}
    return LoadPlan.model_validate(usual | PATIENT | fields)


def events(session: Session, kind: str) -> list[dict[str, object]]:
    return [event for event in read_events(session.run.path) if event["kind"] == kind]


def test_every_arrival_is_issued_and_answered(session: Session, journey: Write) -> None:
    journey("ping")
    journey("refused", 'self.client.get("/status/503")')
    journey("hung-up", 'self.client.get("/close")')
    usual = plan(journeys={"ping": 40, "refused": 10, "hung-up": 5})
    result = run_load(session, usual)
    assert (result.issued, result.ok, result.failed) == (110, 80, 30)
    assert (result.in_flight, result.dropped) == (0, 0)
    assert result.reason == ""
    assert result.journeys["refused"].availability == 0
    records = requests_of(session.run, "usual")
    assert np.array_equal(np.sort(records["intended"]), usual.schedule().due)
    assert (records["latency"] >= records["service"]).all()
    assert events(session, "load-started")[0]["journeys"] == {
        "ping": 40,
        "refused": 10,
        "hung-up": 5,
    }
    (finished,) = events(session, "load-finished")
    assert finished["issued"] == 110
    assert finished["generator_honest"] is True


@pytest.mark.parametrize("kind", ["FastHttpUser", "HttpUser"])
def test_a_journey_that_knows_nothing_of_us_runs_as_it_is(
    session: Session, journey: Write, kind: str
) -> None:
    """Two requests, a task set and a wait of its own, as anybody writes them for Locust."""
    journey("ping")
    path = session.workspace / "scenarios" / "journeys" / "ping.py"
    path.write_text(
        f"from locust import {kind}, TaskSet, constant, task\n\n"
        "class Visit(TaskSet):\n"
        "    @task\n"
        "    def visit(self):\n"
        "        self.client.get('/ping')\n"
        "        self.client.post('/v1/orders', json={}, name='order')\n\n"
        f"class Visitor({kind}):\n"
        "    wait_time = constant(60)\n"
        "    tasks = [Visit]\n"
    )
    result = run_load(session, plan(journeys={"ping": 20}))
    assert (result.reason, result.issued, result.ok) == ("", 40, 40)
    assert result.journeys["ping"].requests == 80
    assert {name for _, name in request_names(session.run, "usual")} == {"GET /ping", "POST order"}


def test_journeys_may_call_their_classes_alike(session: Session, journey: Write) -> None:
    """Alike, and even like something that the locustfile uses itself."""
    for name in ("ping", "refused"):
        journey(name, f'self.client.get("/status/{200 if name == "ping" else 503}")')
        path = session.workspace / "scenarios" / "journeys" / f"{name}.py"
        path.write_text(path.read_text().replace(f"class {name.title()}", "class events"))
    result = run_load(session, plan(journeys={"ping": 20, "refused": 10}, seconds=1))
    assert (result.journeys["ping"].ok, result.journeys["ping"].issued) == (20, 20)
    assert (result.journeys["refused"].failed, result.journeys["refused"].issued) == (10, 10)
    assert result.dropped == 0


def test_a_journey_that_sends_nothing_is_not_the_platforms_fault(
    session: Session, journey: Write
) -> None:
    journey("silent", "raise ValueError('oops')")
    result = run_load(session, plan(journeys={"silent": 5}))
    assert (result.issued, result.dropped) == (10, 10)
    assert "10 arrivals sent no request" in result.reason


def test_objectives_are_journaled(session: Session, journey: Write) -> None:
    journey("ping", 'self.client.get("/status/503")')
    found = against_objectives(session, run_load(session, plan(seconds=1)))
    assert [(m.journey, m.objective, m.met) for m in found] == [
        ("ping", "availability", False),
        ("ping", "p99", True),
    ]
    assert events(session, "objective")[0]["measured"] == 0


def test_a_freeze_is_charged_to_the_platform(
    session: Session, journey: Write, server: Server
) -> None:
    """100/s for 6 s with a freeze of 1 s.

    100 of 600 arrivals fall into the freeze and wait 0 to 1 s, evenly spread. The longest 1 % (6)
    wait from 0.94 s, so p99 is 0.94 s. Four users only: 4 slow answers of 600 hide in service time.
    """
    journey("ping")
    with start_load(session, plan(journeys={"ping": 100}, seconds=6, users=4)) as load:
        time.sleep(2.5)
        frozen = freeze(server[0], 1)
        result = load.wait()
    assert result.issued == result.ok == 600
    assert result.journeys["ping"].p99 == pytest.approx(frozen * 1000 - 60, rel=0.15)
    service = requests_of(session.run, "usual")["service"]
    assert np.percentile(service, 99) < 0.2


def test_a_freeze_to_the_end_is_in_flight(session: Session, journey: Write, server: Server) -> None:
    journey("ping")
    with start_load(session, plan(seconds=3, users=10, drain=1)) as load:
        time.sleep(1)
        server[0].send_signal(signal.SIGSTOP)
        result = load.wait()
    assert result.issued == 150
    assert result.in_flight > 50
    assert result.ok + result.failed + result.in_flight == 150
    assert result.dropped == 0
    p99 = result.journeys["ping"].p99
    assert p99 is not None
    assert p99 > 2000


def test_an_acknowledged_write_is_in_the_ledger(session: Session, journey: Write) -> None:
    act = (
        'self.create("/v1/orders", {"code": "CBC"}, kind="order", patient=self.next_patient(), '
        'where="/v1/orders/{id}", must=["code"])'
    )
    journey("order", act)
    journey("refused", act.replace("/v1/orders", "/status/500", 1))
    result = run_load(session, plan(journeys={"order": 20, "refused": 10}, seconds=1))
    assert (result.ok, result.failed) == (20, 10)
    ledger = list(read_ledger(session.run.path, "usual"))
    assert len({entry.id for entry in ledger}) == 20
    assert {(entry.kind, entry.tenant) for entry in ledger} == {("order", "riverside")}
    assert all(entry.where == f"/v1/orders/{entry.id}" for entry in ledger)
    assert all(entry.must == {"code": "CBC"} for entry in ledger)


def test_a_load_can_be_stopped(session: Session, journey: Write) -> None:
    journey("ping")
    with start_load(session, plan(seconds=60)) as load:
        time.sleep(1)
        result = load.stop()
        assert load.wait() is result
    assert 0 < result.issued < 500
    assert result.issued == result.ok
    assert len(events(session, "load-finished")) == 1


def test_a_label_is_used_once(session: Session, journey: Write) -> None:
    journey("ping")
    run_load(session, plan(seconds=0.2))
    with pytest.raises(UsageError, match="already has one"):
        start_load(session, plan())


def test_a_journey_that_cannot_be_loaded_says_why(session: Session, journey: Write) -> None:
    journey("ping")
    path = session.workspace / "scenarios" / "journeys" / "ping.py"
    path.write_text("from locust import no_such_thing\n")
    with pytest.raises(LoadError, match="cannot import name 'no_such_thing'"):
        run_load(session, plan())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("file", ["requests/usual-0.bin", "ledger/usual-0.jsonl"])
def test_a_full_disk_ends_the_load_with_the_reason(
    session: Session, journey: Write, file: str
) -> None:
    journey(
        "ping",
        'self.create("/v1/orders", {}, kind="order", patient="p", where="/{id}", must=[])',
    )
    full = session.run.path / file
    full.parent.mkdir(exist_ok=True)
    full.symlink_to("/dev/full")
    began = time.monotonic()
    result = run_load(session, plan(seconds=60))
    assert time.monotonic() - began < 30
    assert not result.generator_honest
    assert "No space left" in result.reason


def test_a_generator_that_is_killed_keeps_what_it_recorded(
    session: Session, journey: Write
) -> None:
    journey("ping")
    with start_load(session, plan(seconds=60)) as load:
        time.sleep(1.5)
        (generator,) = generators(os.getpid())
        generator.kill()
        result = load.wait()
    assert "died" in result.reason
    assert result.ok > 25


def test_the_generator_dies_with_its_parent(session: Session, journey: Write) -> None:
    journey("ping")
    with loading(plan(seconds=60)) as parent:
        (generator,) = generators(parent.pid)
        parent.kill()
    generator.wait(timeout=15)
    assert not generator.is_running()


def test_the_parent_never_imports_locust() -> None:
    script = "import sys, codeblue.load.objectives; sys.exit('locust' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
