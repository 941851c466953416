"""The ledger: what was acknowledged and is gone is found; what cannot be read is never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest

from codeblue.checks import ledger
from codeblue.checks.ledger import LedgerResult, reconcile
from codeblue.journal import RunDirectory, read_events
from codeblue.load.ledger import Acknowledged, LedgerWriter, Unconfirmed
from codeblue.session import Session
from codeblue.target import Variables, load_target

pytestmark = pytest.mark.slow
ClientOf = Callable[..., httpx.Client]

CONFIGURATION = """
[target]
name = "Hospital"
base_url = "{base_url}"
openapi = "/v1/openapi.json"
allow = ["127.0.0.1"]

[tenants.riverside]
roles = {{ clinician = "env:RIVERSIDE" }}
[tenants.lakeside]
roles = {{ nurse = "env:LAKESIDE" }}
[tenants.closed]
roles = {{ clinician = "env:NOT_SET" }}
"""


class Hospital:
    """A load's ledger, and a session of the platform that it was a load on."""

    def __init__(self, folder: Path, client: httpx.Client) -> None:
        (folder / "codeblue.toml").write_text(CONFIGURATION.format(base_url=client.base_url))
        target = load_target(folder, Variables())
        self.session = Session(target, RunDirectory(folder), "", "production", 1, folder)
        self.writer = LedgerWriter(folder, "spike", "0")
        self.client = client

    def patient(self, number: str = "") -> str:
        """A new patient, a woman, of whom nothing is written down yet."""
        body = {"resourceType": "Patient", "gender": "female", "identifier": [{"value": number}]}
        return str(self.client.post("/v1/fhir/Patient", json=body).json()["id"])

    def allergy(self, patient: str, code: str, *, done: bool = True) -> None:
        """An acknowledged allergy, which is really there when it was ``done``."""
        where = f"/v1/patients/{patient}/allergies"
        if done:
            self.client.post(where, json={"code": code})
        self.acknowledge(where, code, {"code": code})

    def acknowledge(
        self, where: str, identity: str, must: dict[str, Any] | None, at: float = 1.0
    ) -> None:
        self.writer.write(
            Acknowledged("kind", "riverside", identity, "p", where, must, at, at - 0.5)
        )

    def counts(self) -> dict[str, int]:
        """What is not zero."""
        result = asdict(reconcile(self.session, "spike", settle=0.1))
        return {name: count for name, count in result.items() if name != "examples" and count}


HospitalOf = Callable[..., Hospital]


@pytest.fixture
def load(hospital: ClientOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HospitalOf:
    monkeypatch.setenv("RIVERSIDE", "riverside")
    monkeypatch.setenv("LAKESIDE", "lakeside")
    monkeypatch.setattr(ledger, "_PAUSE", 0.05)
    return lambda *defects: Hospital(tmp_path, hospital(*defects))


def test_resources_collections_and_bundles_are_read_back(load: HospitalOf) -> None:
    hospital = load()
    patient = hospital.patient("N1")
    for code in ("1", "2", "3", "4", "5", "6"):
        hospital.allergy(patient, code)
    hospital.acknowledge(f"/v1/fhir/Patient/{patient}", patient, {"gender": "female"})
    hospital.acknowledge("/v1/fhir/Patient?identifier=N1", patient, {"id": patient})
    hospital.acknowledge("/v1/fhir/Patient/none", "none", None)
    assert hospital.counts() == {"acknowledged": 9, "kept": 9}


def test_what_is_not_there_is_lost(load: HospitalOf) -> None:
    hospital = load()
    patient = hospital.patient()
    hospital.allergy(patient, "1", done=False)
    hospital.acknowledge(f"/v1/fhir/Patient/{patient}", patient, {"gender": "male"})
    hospital.acknowledge("/v1/fhir/Patient/none", "none", {"id": "none"})
    assert hospital.counts() == {"acknowledged": 3, "lost": 3}


def test_a_duplicate_is_found(load: HospitalOf) -> None:
    hospital = load()
    patient = hospital.patient()
    hospital.allergy(patient, "1")
    hospital.client.post(f"/v1/patients/{patient}/allergies", json={"code": "1"})
    assert hospital.counts() == {"acknowledged": 1, "kept": 1, "duplicated": 1}


def test_an_older_value_is_stale(load: HospitalOf) -> None:
    hospital = load()
    patient = hospital.patient()
    where = f"/v1/fhir/Patient/{patient}"
    hospital.acknowledge(where, patient, {"gender": "female"}, at=1)
    hospital.acknowledge(where, patient, {"gender": "male"}, at=2)
    assert hospital.counts() == {"acknowledged": 2, "kept": 1, "stale": 1}
    hospital.writer.write(Unconfirmed("kind", "riverside", patient, where, {"gender": "female"}))
    assert hospital.counts() == {"acknowledged": 2, "kept": 2}


@pytest.mark.parametrize(("defects", "leaked"), [((), 0), (("cross-tenant",), 1)])
def test_what_another_tenant_is_shown_has_leaked(
    load: HospitalOf, defects: tuple[str, ...], leaked: int
) -> None:
    hospital = load(*defects)
    patient = hospital.patient()
    hospital.acknowledge(f"/v1/fhir/Patient/{patient}", patient, {"id": patient})
    result = reconcile(hospital.session, "spike")
    assert (result.kept, result.leaked, result.broke) == (1, leaked, bool(leaked))
    assert list(result.examples) == ["leaked"] * leaked


def test_two_tenants_at_one_place_have_each_their_own(load: HospitalOf) -> None:
    hospital = load("cross-tenant")
    patient = hospital.patient()
    where = f"/v1/fhir/Patient/{patient}"
    hospital.acknowledge(where, patient, {"id": patient})
    hospital.writer.write(Acknowledged("kind", "lakeside", patient, "p", where, {"id": patient}))
    assert hospital.counts() == {"acknowledged": 2, "kept": 2}


def test_what_cannot_be_read_is_unknown(load: HospitalOf) -> None:
    hospital = load()
    hospital.acknowledge("/v1/orders", "7", {"code": "CBC"})  # that server answers 500
    assert hospital.counts() == {"acknowledged": 1, "unknown": 1}


def test_what_comes_late_is_kept_all_the_same(
    load: HospitalOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    hospital = load()
    hospital.acknowledge("/v1/orders?patient=p", "7", {"code": "CBC"})
    order = {"patient": "p", "code": "CBC", "quantity": 1}

    def meanwhile(_: float) -> None:
        hospital.client.post("/v1/orders", json=order, headers={"Idempotency-Key": "CBC"})

    monkeypatch.setattr(ledger, "sleep", meanwhile)
    result = reconcile(hospital.session, "spike", settle=30)
    assert (result.kept, result.lost) == (1, 0)


def test_a_load_is_reconciled_and_journaled(load: HospitalOf) -> None:
    hospital = load()
    for number in range(300):  # more than are thought of at once
        hospital.acknowledge(f"/v1/fhir/Patient/none-{number}", "lost", {"id": "lost"})
    patient = hospital.patient()
    hospital.acknowledge(f"/v1/fhir/Patient/{patient}", patient, {"id": patient})
    result = reconcile(hospital.session, "spike", settle=0)
    assert (result.acknowledged, result.kept, result.lost) == (301, 1, 300)
    assert len(result.examples["lost"]) == 5
    [event] = read_events(hospital.session.run.path)
    assert (event["kind"], event["load"], event["lost"]) == ("ledger", "spike", 300)


def test_a_load_that_wrote_nothing(load: HospitalOf) -> None:
    result = reconcile(load().session, "spike")
    assert result == LedgerResult(0, 0, 0, 0, 0, 0, 0, {})
    assert not result.broke
