"""The ledger: what was acknowledged and is gone is found; what cannot be read is never kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks.fresh import fresh_patient
from codeblue.checks.ledger import LedgerResult, count, read_back, reconcile
from codeblue.journal import RunDirectory, read_events
from codeblue.load.ledger import Acknowledged, LedgerWriter
from codeblue.session import Session
from codeblue.target import Variables, load_target

ClientOf = Callable[..., httpx.Client]


def _entry(where: str, must: dict[str, Any]) -> Acknowledged:
    return Acknowledged("kind", "riverside", "id", "patient", where, must)


def _read(client: httpx.Client, entries: list[Acknowledged]) -> list[int | None]:
    headers = {"riverside": dict(client.headers)}
    return asyncio.run(read_back(str(client.base_url), headers, entries))


def _order(client: httpx.Client, key: str) -> None:
    order = {"patient": "p", "code": "1", "quantity": 1}
    client.post("/v1/orders", json=order, headers={"Idempotency-Key": key})


def test_resources_collections_and_bundles_are_read_back(hospital: ClientOf) -> None:
    client = hospital()
    patient = fresh_patient(client, "Kept", "N1")
    _order(client, "a")
    found = _read(
        client,
        [
            _entry(f"/v1/fhir/Patient/{patient}", {"id": patient, "gender": "female"}),
            _entry(f"/v1/fhir/Patient/{patient}", {"id": patient, "gender": "male"}),
            _entry("/v1/fhir/Patient?identifier=N1", {"id": patient}),
            _entry("/v1/fhir/Patient/none", {"id": "none"}),
            _entry("/v1/orders?patient=p", {"patient": "p", "quantity": 1}),
            _entry("/v1/orders?patient=p", {"patient": "p", "quantity": 2}),
        ],
    )
    assert found == [1, 0, 1, 0, 1, 0]


def test_a_duplicate_is_found(hospital: ClientOf) -> None:
    client = hospital("retried order")
    _order(client, "a")
    _order(client, "a")
    assert _read(client, [_entry("/v1/orders?patient=p", {"patient": "p"})]) == [2]


def test_what_cannot_be_read_is_unknown(hospital: ClientOf) -> None:
    client = hospital()
    assert _read(client, [_entry("/v1/orders", {})]) == [None]  # that server answers 500


@given(st.lists(st.none() | st.integers(0, 3)))
def test_every_acknowledgement_is_accounted_for(found: list[int | None]) -> None:
    result = count([_entry("/", {})] * len(found), found)
    assert result.acknowledged == result.kept + result.lost + result.unknown
    assert result.duplicated <= result.kept


def test_the_counts() -> None:
    entries = [_entry("/", {})] * 5
    assert count(entries, [1, 2, 0, None, 1]) == LedgerResult(5, 3, 1, 1, 1)


CONFIGURATION = """
[target]
name = "Hospital"
base_url = "{base_url}"
openapi = "/v1/openapi.json"
allow = ["127.0.0.1"]

[tenants.riverside]
roles = {{ clinician = "env:RIVERSIDE" }}
"""


def _session(folder: Path, base_url: str) -> Session:
    (folder / "codeblue.toml").write_text(CONFIGURATION.format(base_url=base_url))
    target = load_target(folder, Variables())
    return Session(target, RunDirectory(folder), "", "production", 1, folder)


def test_a_load_is_reconciled_and_journaled(
    hospital: ClientOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIVERSIDE", "riverside")
    client = hospital()
    patient = fresh_patient(client)
    ledger = LedgerWriter(tmp_path, "spike", "0")
    for known in (patient, "lost"):
        ledger.write(_entry(f"/v1/fhir/Patient/{known}", {"id": known}))
    result = reconcile(_session(tmp_path, str(client.base_url)), "spike")
    assert result == LedgerResult(2, 1, 1, 0, 0)
    [event] = read_events(tmp_path)
    assert (event["kind"], event["load"], event["lost"]) == ("ledger", "spike", 1)
