"""Two tenants: planted leaks and foreign writes are found, and the sound twin raises no alarm."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks.fresh import fresh_patient
from codeblue.checks.isolation import Attempt, Intrusions, OwnerView, Things, disclosed, intrude

ClientOf = Callable[..., httpx.Client]
CHART = "/v1/fhir/Patient/{patient}"
ALLERGIES = "/v1/patients/{patient}/allergies"
READS = [Attempt("owner", "GET", path) for path in (CHART, ALLERGIES)]
ATTEMPTS = [
    Attempt("path", "GET", CHART),
    Attempt("query", "GET", "/v1/fhir/Patient?identifier={identifier}"),
    Attempt("tenant header", "GET", CHART, headers={"X-Tenant": "riverside"}),
    Attempt("path", "POST", ALLERGIES, {"code": "1", "display": "Intruder"}),
    Attempt("path", "PUT", CHART, {"resourceType": "Patient"}, headers={"If-Match": 'W/"1"'}),
]


def _intrude(hospital: ClientOf, *defects: str) -> Intrusions:
    owner = hospital(*defects)
    intruder = hospital(*defects, tenant="lakeside")
    patient = fresh_patient(owner, "SecretFamily", "SecretNumber")
    things = Things({"patient": patient, "identifier": "SecretNumber"}, ["SecretFamily", patient])
    view = OwnerView({"clinician": owner}, READS, things)
    assert view.changes() == []
    return intrude({"clinician": intruder}, {"clinician": owner}, view, ATTEMPTS, things)


def test_a_shared_store_is_found(hospital: ClientOf) -> None:
    found = _intrude(hospital, "cross-tenant")
    assert found.disclosures == [str(attempt) for attempt in ATTEMPTS[:3]]
    assert found.foreign_writes == [str(attempt) for attempt in ATTEMPTS[3:]]


def test_a_trusted_header_is_found(hospital: ClientOf) -> None:
    found = _intrude(hospital, "trusted tenant header")
    assert found.disclosures == [f"GET {CHART} by tenant header (clinician)"]
    assert found.foreign_writes == []


def test_no_alarm_on_the_sound_twin(hospital: ClientOf) -> None:
    assert _intrude(hospital) == Intrusions(len(ATTEMPTS), [], [], [])


@pytest.mark.parametrize(
    ("answer", "shown"), [("found Smith", ["Smith"]), ("no patient 123", []), ("nothing", [])]
)
def test_an_echo_of_what_was_sent_is_no_disclosure(answer: str, shown: list[str]) -> None:
    request = httpx.Request("GET", "http://x/patients/123")
    assert disclosed(request, httpx.Response(200, text=answer), ["Smith", "123"]) == shown


def test_an_attempt_is_made_by_its_role(hospital: ClientOf) -> None:
    desk, office = hospital(), hospital(tenant="lakeside")
    patient = fresh_patient(desk, "SecretFamily")
    things = Things({"patient": patient}, ["SecretFamily"])
    owners = {"clinician": desk, "administrator": desk}
    intruders = {"clinician": office, "administrator": desk}
    attempts = [Attempt("path", "GET", CHART, role=role) for role in owners]
    found = intrude(intruders, owners, OwnerView(owners, attempts, things), attempts, things)
    assert found.disclosures == [f"GET {CHART} by path (administrator)"]


def test_attempts_name_the_sources_of_their_ids() -> None:
    attempt = Attempt("body", "POST", "/v1/orders?patient={patient}", {"slot": "{slot}"})
    assert attempt.id_sources() == {"query:patient", "body:slot"}
