"""The base of every journey, under a real load on a stand-in platform."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable

import pytest

from codeblue.journal import Journal, RunDirectory
from codeblue.load import LoadPlan, LoadResult, Stream, run_load
from codeblue.load.ledger import Acknowledged, read_ledger, read_operations, read_unconfirmed
from codeblue.session import Session, attach
from codeblue.session_file import SESSION_VARIABLE, SessionFile

pytestmark = pytest.mark.slow

WriteJourney = Callable[[str, str], None]

# Writes with the token of the tenant that it is for; with any other one it fails.
WRITE = """
        patient = self.next_patient()
        token = self.client.client.default_headers["Authorization"]
        status = 201 if token == f"Bearer {self.tenant}" else 403
        code = self.unique("C-")
        self.create(f"/status/{status}", {"code": code}, kind="write", patient=patient,
                    where="/write/{id}", must=["code", "id"])
"""
# What becomes of a change: done, refused, an error, no answer at all.
CHANGE = """
        patient = self.next_patient()
        for path in ("/status/200", "/status/412", "/status/500", "/close"):
            self.replace(path, {"id": path, "value": 7}, kind="value", patient=patient,
                         must=["value"], name=path)
            self.remove(path, kind="value", patient=patient, name=path, headers={})
"""
STEPS = """
        patient = self.next_patient()
        for status in (200, 404, 503):
            with self.operation("list", patient, "append", self.unique()) as step:
                with self.send("POST", f"/status/{status}", {}) as answer:
                    step.settle(answer.status_code)
        with self.operation("list", patient, "read") as step:
            with self.client.get("/list", catch_response=True) as answer:
                step.settle(answer.status_code, ["a"])
"""


@pytest.fixture
def two_tenants(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The stand-in with two tenants, each of whose tokens is its own name."""
    toml = session.workspace / "codeblue.toml"
    head = toml.read_text().partition("[tenants.riverside]")[0]
    tenants = ("riverside", "lakeside")
    roles = (f'[tenants.{each}.roles]\nclinician = "env:{each.upper()}"\n' for each in tenants)
    toml.write_text(head + "".join(roles))
    run = RunDirectory.create(session.workspace, "two")
    for tenant in tenants:
        Journal(run).event("seeded", tenant=tenant, patients=[f"{tenant}-1", f"{tenant}-2"])
        monkeypatch.setenv(tenant.upper(), tenant)
    stored = run.path / "session.json"
    SessionFile(str(session.workspace), str(run.path), "pilot", 7, os.getpid(), "").write(stored)
    monkeypatch.setenv(SESSION_VARIABLE, str(stored))
    return attach()


def loaded(session: Session, **streams: Stream) -> LoadResult:
    """Ten arrivals a second of each stream, for a second."""
    plan = LoadPlan(label="l", journeys=streams, seconds=1, arrivals="constant", drain=1)
    return run_load(session, plan)


def ledger(session: Session) -> list[Acknowledged]:
    return list(read_ledger(session.run.path, "l"))


def test_tenants_take_turns_each_with_its_own_credentials(
    two_tenants: Session, journey: WriteJourney
) -> None:
    journey("write", WRITE)
    result = loaded(
        two_tenants,
        write=Stream(rate=10),
        lakeside=Stream(rate=10, journey="write", tenant="lakeside"),
    )
    assert (result.ok, result.issued) == (20, 20)
    entries = ledger(two_tenants)
    # Of the stream without a tenant every other write, of the other one all.
    assert Counter(entry.tenant for entry in entries) == {"lakeside": 15, "riverside": 5}
    assert all(entry.patient.startswith(entry.tenant) for entry in entries)
    promised = [entry.must or {} for entry in entries]
    assert [must["id"] for must in promised] == [entry.id for entry in entries]
    assert {entry.where for entry in entries} == {f"/write/{entry.id}" for entry in entries}
    assert len({must["code"] for must in promised}) == 20


def test_a_write_is_put_on_record_as_it_was_answered(
    session: Session, journey: WriteJourney
) -> None:
    create = 'self.create("{}", {{}}, kind="x", patient="p", where="/x/{{id}}", must=["id"])'
    journey("refused", create.format("/status/409"))
    journey("dropped", create.format("/close"))
    journey("change", CHANGE)
    result = loaded(
        session, refused=Stream(rate=10), dropped=Stream(rate=10), change=Stream(rate=10)
    )
    assert (result.failed, result.ok) == (30, 0)
    # What was not created is no promise; what was changed without a clear answer is in doubt.
    held = [entry.must for entry in ledger(session) if entry.where == "/status/200"]
    assert (held.count({"value": 7}), held.count(None), len(held)) == (10, 10, 20)
    assert len(ledger(session)) == len(held)
    assert all(entry.invoked and entry.invoked <= entry.at for entry in ledger(session))
    doubts = Counter(entry.where for entry in read_unconfirmed(session.run.path, "l"))
    assert doubts == {"/status/412": 20, "/status/500": 20, "/close": 20}


def test_steps_of_a_history_are_recorded_with_their_outcomes(
    session: Session, journey: WriteJourney
) -> None:
    journey("steps", STEPS)
    loaded(session, steps=Stream(rate=10))
    steps = list(read_operations(session.run.path, "l"))
    assert Counter((step.action, step.outcome) for step in steps) == {
        ("append", "ok"): 10,
        ("append", "refused"): 10,
        ("append", "unknown"): 10,
        ("read", "ok"): 10,
    }
    assert {step.object for step in steps} <= {f"riverside:p{number}" for number in (1, 2, 3)}
    appended = [step.value for step in steps if step.action == "append"]
    assert len(set(appended)) == len(appended)
