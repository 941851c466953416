"""The legacy feed, to a receiver that takes it, and to one that loses its last answer."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeblue.journal import Journal, RunDirectory
from codeblue.load import LoadPlan, LoadResult, Stream, run_load
from codeblue.load.ledger import read_ledger, read_unconfirmed
from codeblue.session import Session, attach
from codeblue.session_file import SESSION_VARIABLE, SessionFile

from ...load.journeys.receiver import Receiver, accepted

pytestmark = pytest.mark.slow

ORDER = ("A01", "A02", "A08", "A03", "R01")
TOML = """
[target]
name = "A hospital"
base_url = "http://127.0.0.1:1"
capabilities = [{capabilities}]

[tenants.riverside]
patients = 5

[edges.ehr-hub]
upstream = "{address}"
listen = "{address}"
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def loaded(
    receiver: Receiver, workspace: Path, monkeypatch: pytest.MonkeyPatch, *capabilities: str
) -> tuple[Session, LoadResult]:
    """30 stays; the receiver has no HTTP, so who looks at a stay afterwards fails."""
    listed = ", ".join(f'"{each}"' for each in capabilities)
    toml = TOML.format(address=receiver.address, capabilities=listed)
    (workspace / "codeblue.toml").write_text(toml)
    run = RunDirectory.create(workspace, "test")
    Journal(run).event("seeded", tenant="riverside", patients=["p1"])
    stored = run.path / "session.json"
    SessionFile(str(workspace), str(run.path), "hospital", 7, os.getpid(), "").write(stored)
    monkeypatch.setenv(SESSION_VARIABLE, str(stored))
    session = attach()
    streams = {"legacy-feed": Stream(rate=30)}
    plan = LoadPlan(label="feed", journeys=streams, seconds=1, arrivals="constant", users=5)
    return session, run_load(session, plan)


def kinds(receiver: Receiver) -> dict[str, list[str]]:
    """The types of the messages of each visit, in their order."""
    found = defaultdict(list)
    for message in receiver.received:
        visit = next(line for line in message.split("\r") if line.startswith("PV1")).split("|")[19]
        found[visit].append(message.split("|")[8])
    return found


def test_a_stay_is_told_in_its_order_over_few_connections_and_kept_to(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, result = loaded(receiver, tmp_path, monkeypatch, "mllp-results")
    stays = kinds(receiver)
    assert len(stays) == result.issued == 30
    for told in stays.values():
        events = [kind.split("^")[1] for kind in told]
        assert {"A01", "A03"} <= {*events}
        assert events == [each for each in ORDER if each in events]
    assert any(told[-1].startswith("ORU^R01") for told in stays.values())
    assert receiver.connections <= 5
    control_ids = [message.split("|")[9] for message in receiver.received]
    assert len(set(control_ids)) == len(control_ids)
    last = {entry.where: entry.must or {} for entry in read_ledger(session.run.path, "feed")}
    for visit, told in stays.items():
        assert last[f"/v1/visits/{visit}"]["status"] == "discharged"
        assert last[f"/v1/visits/{visit}"]["events"] == sum("ADT" in kind for kind in told)


def test_results_are_for_a_target_that_says_it_takes_them(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.answer = lambda text: None if "|ADT^A03" in text else accepted(text)
    session, result = loaded(receiver, tmp_path, monkeypatch, "mllp-feed")
    assert not any("ORU" in message for message in receiver.received)
    # A discharge without an answer may have been taken all the same.
    assert result.failed == result.issued == 30
    doubts = list(read_unconfirmed(session.run.path, "feed"))
    assert {doubt.where.rpartition("/")[2] for doubt in doubts} == kinds(receiver).keys()
    assert Counter((doubt.must or {})["status"] for doubt in doubts) == {"discharged": 30}
    held = [entry.must or {} for entry in read_ledger(session.run.path, "feed")]
    assert {must["status"] for must in held} == {"admitted"}
