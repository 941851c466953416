"""One hospital must never see or change what another has on the same platform.

Riverside makes things whose texts nobody else can know; Lakeside tries every route, method and
source of an id to get at them. A route that the contract names and this table does not is reported.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.feed import adt, deliver
from codeblue.checks.fresh import FHIR, created, fresh_patient, fresh_slots
from codeblue.checks.isolation import Attempt, OwnerView, Things, intrude
from codeblue.checks.operations import operations, uncovered
from codeblue.session import Session

NOON = dt.datetime(2031, 3, 3, 12, tzinfo=dt.UTC)
Resource = dict[str, Any]
SUBJECT = {"reference": "Patient/{patient}"}
STAY = {"reference": "Encounter/{encounter}"}
PATIENT: Resource = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:codeblue:mrn", "value": "INTRUDER"}],
    "name": [{"family": "Intruder"}],
    "gender": "male",
    "birthDate": "1970-01-01",
}
OBSERVATION: Resource = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Intruder"}]},
    "subject": SUBJECT,
    "encounter": STAY,
    "effectiveDateTime": "2031-03-03T08:00:00Z",
}
ALLERGY: Resource = {
    "resourceType": "AllergyIntolerance",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "91936005"}]},
    "patient": SUBJECT,
    "encounter": STAY,
}
ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": SUBJECT,
}
RESOURCES: dict[str, Resource] = {
    "Patient/{patient}": PATIENT,
    "Observation/{observation}": OBSERVATION,
    "AllergyIntolerance/{allergy}": ALLERGY,
    "Encounter/{encounter}": ENCOUNTER,
}
CHART = "/v1/patients/{patient}/chart"
# What the owner reads to see whether somebody has changed it, and what an intruder would like to.
OWNED = (
    *(f"{FHIR}/{place}" for place in RESOURCES),
    f"{FHIR}/Patient?family={{family}}",
    *(f"{FHIR}/{place.split('/')[0]}?identifier={{identifier}}" for place in RESOURCES),
    *(
        f"{FHIR}/{place.split('/')[0]}?patient={{patient}}"
        for place in RESOURCES
        if place[0] != "P"
    ),
    "/v1/patients/{patient}/allergies",
    "/v1/orders?patient={patient}",
    "/v1/slots?status=free",
    "/v1/slots?status=booked",
    "/v1/appointments?slot={slot}",
    "/v1/appointments?slot={booked}",
    "/v1/visits/{visit}",
)
SHORT = 11  # an id of up to so many characters may occur in a text by chance
NAMED_TENANT = {"X-Tenant": "riverside", "X-Tenant-Id": "riverside", "Tenant": "riverside"}


def _reads() -> list[Attempt]:
    paths = (*OWNED, CHART)
    return [
        *(Attempt("query" if "?" in path else "path", "GET", path) for path in paths),
        *(Attempt("tenant header", "GET", path, headers=NAMED_TENANT) for path in paths),
        *(Attempt("tenant parameter", "GET", _with_tenant(path)) for path in paths),
        *(Attempt("cache", "GET", path, warm=True) for path in paths),
    ]


def _with_tenant(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}tenant=riverside"


def _writes() -> list[Attempt]:
    return [*_fhir_writes(), *_other_writes()]


def _fhir_writes() -> list[Attempt]:
    attempts = []
    for place, resource in RESOURCES.items():
        path, kind, known = f"{FHIR}/{place}", place.split("/")[0], place.split("/")[1]
        body = resource | {"id": known}
        attempts += [
            Attempt("path", "PUT", path, body),
            Attempt("path", "PUT", path, body, headers={"If-Match": 'W/"1"'}),
            Attempt("body id", "POST", f"{FHIR}/{kind}", body),
            Attempt("body reference", "POST", f"{FHIR}/{kind}", resource),
            Attempt("path", "PATCH", path, [{"op": "remove", "path": "/status"}]),
            Attempt("path", "DELETE", path),
        ]
    entry = {"resource": OBSERVATION, "request": {"method": "POST", "url": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return [*attempts, Attempt("transaction", "POST", FHIR, bundle)]


def _other_writes() -> list[Attempt]:
    booking = {"slot": "{slot}", "patient": "{own_patient}"}
    order = {"patient": "{patient}", "code": "314076", "quantity": 7}
    eligibility = {"patient": "{patient}", "payer": "aetna", "member": "M1"}
    rebooking = {"slot": "{booked}", "patient": "{own_patient}"}
    return [
        Attempt(
            "path",
            "POST",
            "/v1/patients/{patient}/allergies",
            {"code": "1191", "display": "Aspirin"},
        ),
        Attempt("body", "POST", "/v1/orders", order),
        Attempt("body", "POST", "/v1/appointments", booking),
        Attempt("body", "POST", "/v1/appointments", rebooking),
        Attempt("body", "POST", "/v1/eligibility", eligibility),
        Attempt("body", "POST", "/v1/lab-requests", {"patient": "{patient}", "code": "24323-8"}),
    ]


def _make_things(owner: httpx.Client, intruder: httpx.Client, platform: Session) -> Things:
    """Riverside's things, with texts of their own, and one patient of Lakeside's."""
    family, display, ward, practitioner = (f"Secret{uuid4().hex}"[:24] for _ in range(4))
    identifier, visit = f"MRN{uuid4().hex}"[:20], f"V{uuid4().hex}"[:16]
    ids = {"identifier": identifier, "family": family, "visit": visit}
    ids["patient"] = fresh_patient(owner, family, identifier)
    _make_records(owner, ids, display)
    ids["slot"], ids["booked"] = fresh_slots(owner, 2, practitioner)
    booking = {"slot": ids["booked"], "patient": ids["patient"]}
    ids["appointment"] = created(owner.post("/v1/appointments", json=booking))
    _deliver(platform, visit, "riverside", "A01", ward)
    own = [value for value in ids.values() if len(value) > SHORT]
    ids["own_patient"] = fresh_patient(intruder, "Lakesider")
    return Things(ids, [family, display, ward, practitioner, *own])


def _make_records(owner: httpx.Client, ids: dict[str, str], display: str) -> None:
    """Add an encounter, an observation, an allergy in both forms, and an order to ``ids``."""
    places = {place.split("/")[1].strip("{}"): body for place, body in RESOURCES.items()}
    coded = {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": display}]}
    for name in ("encounter", "observation", "allergy"):
        body = places[name] | {"identifier": [{"value": ids["identifier"]}]}
        if "code" in body:
            body |= {"code": coded}
        request = Attempt("owner", "POST", f"{FHIR}/{body['resourceType']}", body)
        ids[name] = created(owner.send(request.request(owner, Things(ids, []))))
    allergy = {"code": "7980", "display": display}
    owner.post(f"/v1/patients/{ids['patient']}/allergies", json=allergy).raise_for_status()
    order = {"patient": ids["patient"], "code": "314076", "quantity": 3}
    ids["order"] = created(owner.post("/v1/orders", json=order))


def _deliver(platform: Session, visit: str, tenant: str, trigger: str, ward: str) -> None:
    host, _, port = platform.edge("ehr-hub").listen.rpartition(":")
    [answer] = deliver([adt(visit, trigger, tenant, NOON, ward)], host, int(port))
    assert answer.code == "AA", answer.text


def _unowned(owner: httpx.Client, things: Things) -> list[str]:
    """The paths at which the owner does not get his own things."""
    answers = {path: owner.get(things.fill(path)) for path in (*OWNED, CHART)}
    return [
        path
        for path, answer in answers.items()
        if path != "/v1/appointments?slot={slot}"  # nobody has booked that one
        and not (answer.is_success and any(secret in answer.text for secret in things.secrets))
    ]


def _not_tried(client: httpx.Client, attempts: list[Attempt], things: Things) -> list[str]:
    """Operations of the published contract that take an id and that no attempt went to."""
    contract = client.get("/v1/openapi.json").raise_for_status().json()
    tried = [
        (attempt.method, httpx.URL(things.fill(attempt.path)).path, attempt.id_sources())
        for attempt in attempts
    ]
    return uncovered(operations(contract), tried)


@pytest.mark.check(
    id="tenant-isolation",
    risk="compliance",
    examines=["tenant_isolation"],
    title="One hospital cannot see or change what another has",
)
def test_tenants_do_not_see_each_other(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Lakeside tries everything that the contract offers on what Riverside has made."""
    owner, intruder = client("riverside"), client("lakeside")
    attempts = [*_reads(), *_writes()]
    with check.control():
        things = _make_things(owner, intruder, platform)
        assert not (denied := _unowned(owner, things)), f"the owner cannot read: {denied}"
        own = intruder.get(things.fill("/v1/patients/{own_patient}/chart"))
        assert "Lakesider" in own.text, f"Lakeside cannot read its own chart: {own.status_code}"
        view = OwnerView(owner, [things.fill(path) for path in OWNED])
        assert not (moving := view.changes()), f"changes without a write: {moving}"
    with check.stressor():
        found = intrude(intruder, owner, view, attempts, things)
        _deliver(platform, things.ids["visit"], "lakeside", "A03", "W1")
        fed = ["ADT^A03 by HL7 feed"] if view.changes() else []
    with check.oracle():
        missing = _not_tried(owner, attempts, things)
        denied = _unowned(owner, things)
    writes = [*found.foreign_writes, *fed]
    broke = bool(found.disclosures or writes or denied)
    if missing and not broke:
        check.inconclusive(f"operations with an id that were not tried: {'; '.join(missing)}")
    if found.undecided and not broke:
        check.inconclusive(f"attempts that were not served: {found.undecided[:5]}")
    check.judge(
        broke=broke,
        measured=(
            f"of {found.attempts + 1} attempts {len(found.disclosures)} disclosed and "
            f"{len(writes)} changed the other hospital's data; "
            f"the owner lost access to {len(denied)} things"
        ),
        threshold="0 disclosed, 0 changed, 0 lost",
        evidence={
            "attempts by source of the id": Counter(attempt.source for attempt in attempts),
            "disclosed": found.disclosures[:20],
            "changed": writes[:20],
            "lost": denied,
        },
    )
