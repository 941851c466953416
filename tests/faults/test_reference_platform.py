"""The processes of the reference platform: each is found, broken, healed, and proves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from codeblue.faults import Ground, ground_of, injected, make
from codeblue.faults.process.declared import Declared, says
from codeblue.faults.process.identity import Identity
from codeblue.journal import RunDirectory, read_events
from codeblue.session import Session, started

from .processes import until

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    run = RunDirectory.create(tmp_path_factory.mktemp("workspace"), "production")
    with started(ROOT, run, "production", seed=1) as live:
        yield live


@pytest.fixture
def ground(session: Session) -> Ground:
    return ground_of(session)


def ready(session: Session) -> bool:
    try:
        return httpx.get(f"{session.base_url}/health/ready", timeout=3).is_success
    except httpx.HTTPError:
        return False


def running(ground: Ground, name: str) -> Identity:
    return Declared.on(ground, name).find()


def test_every_declared_process_is_found_and_no_two_are_one(
    session: Session, ground: Ground
) -> None:
    found = {name: running(ground, name) for name in session.target.processes}
    assert len(found) == 10
    assert len(set(found.values())) == 10
    assert "rp-worker" in says(found["worker"].pid)
    children = {each.pid for each in psutil.Process(session.platform_pid).children()}
    assert {member.pid for member in found.values()} == children
    assert all(Declared.on(ground, name).back() for name in found)


def test_a_stopped_service_does_not_answer_and_goes_on_as_it_was(
    session: Session, ground: Ground
) -> None:
    before = running(ground, "scheduling")
    declared = Declared.on(ground, "scheduling")
    with injected(make("stop", "scheduling"), ground, session.journal):
        assert not declared.answering()
    until(declared.answering, seconds=5)
    assert running(ground, "scheduling") == before


def test_the_worker_killed_thrice_comes_back(session: Session, ground: Ground) -> None:
    seen = {running(ground, "worker")}
    with injected(make("kill", "worker", times=3), ground, session.journal):
        pass
    assert running(ground, "worker") not in seen
    assert Declared.on(ground, "worker").answering()
    until(lambda: ready(session), seconds=30)


def test_the_database_restarts_and_the_platform_recovers(session: Session, ground: Ground) -> None:
    before = running(ground, "postgres")
    with injected(make("restart", "postgres"), ground, session.journal):
        assert not before.alive
    assert running(ground, "postgres") != before
    until(lambda: ready(session), seconds=30)


def test_the_database_and_its_backends_stop_together(session: Session, ground: Ground) -> None:
    postmaster = running(ground, "postgres")
    with injected(make("stop", "postgres", extent="family"), ground, session.journal):
        states = [member.state for member in (postmaster, *postmaster.descendants())]
        assert len(states) > 3
        assert set(states) == {"T"}
    until(lambda: ready(session), seconds=30)


def test_the_cache_dies_and_comes_back(session: Session, ground: Ground) -> None:
    before = running(ground, "valkey")
    with injected(make("kill", "valkey"), ground, session.journal):
        pass
    assert running(ground, "valkey") != before
    until(lambda: ready(session), seconds=30)


def test_a_service_without_descriptors_gets_them_back(session: Session, ground: Ground) -> None:
    declared = Declared.on(ground, "scheduling")
    with injected(make("descriptors", "scheduling", left=0), ground, session.journal):
        assert not declared.answering()  # it cannot accept
    until(declared.answering, seconds=5)


def test_the_data_of_the_platform_has_a_place_for_the_disk_fault(
    session: Session, ground: Ground
) -> None:
    with injected(make("disk", "platform", megabytes=10, seconds=20), ground, session.journal):
        assert ready(session)


def test_a_restart_is_in_the_journal_with_its_proof(session: Session, ground: Ground) -> None:
    with injected(make("restart", "hub"), ground, session.journal):
        pass
    events = [event for event in read_events(session.run.path) if event.get("edge") == "hub"]
    assert [event["kind"] for event in events] == ["fault-injected", "fault-healed"]
    assert events[0]["type"] == "restart"
    assert events[1]["verified"] is True
