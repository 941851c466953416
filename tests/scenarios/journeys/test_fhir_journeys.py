"""The FHIR journeys do what a server lists, all of it, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeblue.journal import Journal, RunDirectory
from codeblue.load import LoadError, LoadPlan, LoadResult, Stream, run_load
from codeblue.load.ledger import read_ledger, read_unconfirmed
from codeblue.session import Session, attach
from codeblue.session_file import SESSION_VARIABLE, SessionFile

from .r4_server import BASE, Offered, R4Server, serving

pytestmark = pytest.mark.slow

EVERYTHING: Offered = {
    "Patient": {
        "codes": ["read", "vread", "history-instance"],
        "conditionalRead": "full-support",
    },
    "Observation": {
        "codes": ["create", "read", "update", "delete", "search-type"],
        "names": ["patient", "subject"],
    },
    "Condition": {"codes": ["search-type"], "names": ["subject"]},
    # Nobody may see these with a chart, so they are not searched for.
    "AuditEvent": {"codes": ["search-type"], "names": ["patient"]},
    # Read, but not searched by patient.
    "Encounter": {"codes": ["read", "search-type"], "names": ["date"]},
}
LITTLE: Offered = {
    "Patient": {"codes": ["read"]},
    "Observation": {"codes": ["create", "delete", "search-type"], "names": ["subject"]},
}
ALL = ("fhir-read", "fhir-search", "fhir-write")

Loaded = tuple[R4Server, Session, LoadResult]


def loaded(server: R4Server, workspace: Path, *names: str) -> Loaded:
    """30 arrivals of each journey at a server at which nobody has to log in."""
    (workspace / "codeblue.toml").write_text(
        f'[target]\nname = "R4"\nbase_url = "{server.url}"\nfhir = "{BASE}"\n[tenants.clinic]\n'
    )
    run = RunDirectory.create(workspace, "test")
    Journal(run).event("seeded", tenant="clinic", patients=["p1", "p2"])
    stored = run.path / "session.json"
    SessionFile(str(workspace), str(run.path), "r4", 7, os.getpid(), "").write(stored)
    streams = {name: Stream(rate=30) for name in names}
    plan = LoadPlan(label="fhir", journeys=streams, seconds=1, arrivals="constant", users=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SESSION_VARIABLE, str(stored))
        session = attach()
        return server, session, run_load(session, plan)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A server that lists everything, and what became of a load on it."""
    with serving(EVERYTHING) as server:
        yield loaded(server, tmp_path_factory.mktemp("everything"), *ALL)


def test_all_that_is_listed_is_used(everything: Loaded) -> None:
    server, _, result = everything
    assert (result.ok, result.issued) == (90, 90)
    asked = dict(server.asked)
    removed = asked.pop("DELETE Observation/{id}")
    assert 0 < removed < 15  # a tenth of 30
    observations = asked.pop("GET Observation?patient&_count")
    assert 0 < observations < 30  # half of 30
    assert asked == {
        "GET Patient/{id}": 60,
        "304": 30,
        "GET Patient/{id}/_history/1": 30,
        "GET Patient/{id}/_history?_count": 30,
        "POST Observation": 30,
        "GET Observation/{id}": 30,
        "PUT Observation/{id}": 30 - removed,
        # The next page of the other type is at another server, which nobody is sent to.
        "GET Observation?page": observations,
        "GET Condition?subject&_count": 30 - observations,
    }
    assert server.media_types == {"application/fhir+json"}


def test_the_ledger_holds_the_server_to_the_last_version(everything: Loaded) -> None:
    server, session, _ = everything
    last = {entry.where: entry for entry in read_ledger(session.run.path, "fhir")}
    assert len(last) == 30
    for where, entry in last.items():
        kept = server.kept.get(where.rpartition("/")[2])
        assert (entry.must is None) == (kept is None)
        if entry.must is not None and kept is not None:
            assert kept[1].items() >= entry.must.items()
            assert kept[1]["status"] == "final"
    assert not list(read_unconfirmed(session.run.path, "fhir"))


def test_what_is_not_listed_is_not_asked_for(tmp_path: Path) -> None:
    with serving(LITTLE) as server:
        _, _, result = loaded(server, tmp_path, *ALL)
    assert (result.ok, result.issued) == (90, 90)
    assert server.asked == {
        "GET Patient/{id}": 30,
        "POST Observation": 30,
        "GET Observation?subject&_count": 30,
        "GET Observation?page": 30,
    }


def test_a_server_without_the_first_step_of_a_journey_is_said_to_be_so(tmp_path: Path) -> None:
    with (
        serving({"Patient": {"codes": ["create"]}}) as server,
        pytest.raises(LoadError, match="lists no create of Observation"),
    ):
        loaded(server, tmp_path, "fhir-write")
    assert not server.asked
