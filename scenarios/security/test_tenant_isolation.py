"""One hospital must never see or change what another has on the same platform.

Riverside makes things whose texts nobody else can know; Lakeside tries every route, method and
source of an id to get at them, each by those of its staff who may use that route at home. What is
made, read and tried is in attempts.toml and resources.json; a route that the contract names and
the tables do not is reported.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.feed import adt, deliver
from codeblue.checks.fresh import FHIR, fresh_patient, fresh_slots
from codeblue.checks.isolation import Attempt, OwnerView, Staff, Things, intrude
from codeblue.checks.operations import operations, uncovered
from codeblue.checks.patience import send_patiently
from codeblue.patients.hl7v2 import AdtEvent
from codeblue.session import Session

TABLES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("attempts.toml").read_text())
RESOURCES: dict[str, Any] = json.loads(Path(__file__).with_name("resources.json").read_text())
ROLES = ("clinician", "administrator", "auditor")
NOON = dt.datetime(2031, 3, 3, 12, tzinfo=dt.UTC)
SHORT = 11  # an id of up to so many characters may occur in a text by chance
SETTLED = 10.0  # seconds within which what goes on in the background is over
LOOKS = 20  # at an audit trail that has nothing yet, a tenth of a second apart
LAUNCH = "/v1/auth/token"
NAMED_TENANT = {"X-Tenant": "riverside", "X-Tenant-Id": "riverside", "Tenant": "riverside"}


def _resources(text: str, number: str) -> dict[str, dict[str, Any]]:
    """The resources, with a text and a business identifier, by ``Type/{name}``."""
    filled = json.dumps(RESOURCES).replace("{text}", text).replace("{number}", number)
    return dict(json.loads(filled))


def watched() -> list[Attempt]:
    """What the owner reads to see whether somebody has changed it."""
    fhir = [f"{FHIR}/{place}" for place in RESOURCES]
    fhir += [f"{FHIR}/{kind}?patient={{patient}}" for kind in _kinds() if kind != "Patient"]
    return [*_gets("clinician", fhir), *_by_role("watched")]


def reads() -> list[Attempt]:
    """Everything that the owner reads, and that an intruder would like to."""
    fhir = []
    for place in RESOURCES:
        kind, _, known = place.partition("/")
        fhir += [f"{FHIR}/{place}/_history", f"{FHIR}/{place}/_history/1"]
        fhir += [f"{FHIR}/{kind}?_id={known}", f"{FHIR}/{kind}?identifier={{identifier}}"]
    return [*watched(), *_gets("clinician", fhir), *_by_role("read")]


def _kinds() -> list[str]:
    return [place.partition("/")[0] for place in RESOURCES]


def _by_role(table: str) -> list[Attempt]:
    return [one for role, paths in TABLES[table].items() for one in _gets(role, paths)]


def _gets(role: str, paths: Sequence[str]) -> list[Attempt]:
    source = {False: "path", True: "query"}
    return [Attempt(source["?" in path], "GET", path, role=role) for path in paths]


def attempts() -> list[Attempt]:
    """Everything that is tried; what destroys comes last."""
    *others, erasure = [_write(**row) for row in TABLES["writes"]]
    # Auditors first: later, Lakeside's own trail holds the ids that its other staff has sent.
    ordered = sorted(reads(), key=lambda read: read.role != "auditor")
    variants = [variant for read in ordered for variant in _variants(read)]
    return [*variants, *_fhir_writes(), *others, *_deletes(), erasure]


def _variants(read: Attempt) -> list[Attempt]:
    path, role = read.path, read.role
    asked = f"{path}{'&' if '?' in path else '?'}tenant=riverside"
    return [
        read,
        Attempt("tenant header", "GET", path, headers=NAMED_TENANT, role=role),
        Attempt("tenant parameter", "GET", asked, role=role),
        Attempt("cache", "GET", path, warm=True, role=role),
    ]


def _fhir_writes() -> list[Attempt]:
    found = []
    resources = _resources("Intruder", "INTRUDER")
    for place, resource in resources.items():
        path, (kind, known) = f"{FHIR}/{place}", place.split("/")
        body = resource | {"id": known}
        found += [
            Attempt("path", "PUT", path, body),
            Attempt("path", "PUT", path, body, headers={"If-Match": 'W/"1"'}),
            Attempt("body id", "POST", f"{FHIR}/{kind}", body),
            Attempt("body reference", "POST", f"{FHIR}/{kind}", resource),
            Attempt("path", "PATCH", path, [{"op": "remove", "path": "/status"}]),
        ]
    observation = resources["Observation/{observation}"]
    entry = {"resource": observation, "request": {"method": "POST", "url": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return [*found, Attempt("transaction", "POST", FHIR, bundle)]


def _write(path: str, body: Any = None, role: str = "clinician") -> Attempt:
    return Attempt("body" if "{" not in path else "path", "POST", path, body, role=role)


def _deletes() -> list[Attempt]:
    """The patient last, about whom the others are."""
    return [Attempt("path", "DELETE", f"{FHIR}/{place}") for place in reversed(RESOURCES)]


def _make_things(owners: Staff, intruder: httpx.Client, platform: Session) -> Things:
    """Riverside's things, with texts of their own, and one patient of Lakeside's."""
    text, ward, practitioner = (f"Secret{uuid4().hex}"[:24] for _ in range(3))
    number, visit = f"MRN{uuid4().hex}"[:20], f"V{uuid4().hex}"[:16]
    ids = {"identifier": number, "family": text, "visit": visit}
    owner = owners["clinician"]
    for place, resource in _resources(text, number).items():
        kind, name = place.split("/")
        ids[name.strip("{}")] = _made(owner, f"{FHIR}/{kind}", resource, ids)
    ids["slot"], ids["booked"], ids["referred"] = fresh_slots(owner, 3, practitioner)
    allergy = {"code": "7980", "display": text}
    owner.post(f"/v1/patients/{ids['patient']}/allergies", json=allergy).raise_for_status()
    for thing in TABLES["things"]:
        client, body = owners[thing.get("role", "clinician")], thing.get("body")
        ids[thing["name"]] = _made(client, thing["path"], body, ids, thing.get("id", "id"))
    _deliver(platform, visit, "riverside", "A01", ward)
    ids |= _found(owners, platform, ids)
    own = [value for value in ids.values() if len(value) > SHORT]
    ids["own_patient"] = fresh_patient(intruder, "Lakesider")
    return Things(ids, [text, ward, practitioner, *own])


def _made(
    client: httpx.Client, path: str, body: Any, ids: Mapping[str, str], key: str = "id"
) -> str:
    """The id of something new that refers to ``ids``."""
    request = Attempt("owner", "POST", path, body).request(client, Things(ids, []))
    return str(client.send(request).raise_for_status().json()[key])


def _found(owners: Staff, platform: Session, ids: Mapping[str, str]) -> dict[str, str]:
    """Ids of what the platform itself has made; nobody's where it makes no such thing."""
    _deliver_spoilt(platform, ids["visit"])
    target = f"{FHIR}/Provenance?target=Observation/{ids['observation']}"
    provenance = owners["clinician"].get(target).raise_for_status().json()
    held = owners["administrator"].get("/v1/quarantine?state=held").raise_for_status().json()
    ours = [one["id"] for one in held["messages"] if one["control_id"].startswith(ids["visit"])]
    return {
        "provenance": provenance["entry"][0]["resource"]["id"],
        "held": next(iter(ours), uuid4().hex),
        "event": _audited(owners["auditor"], ids["patient"]) or uuid4().hex,
    }


def _audited(auditor: httpx.Client, patient: str) -> str:
    """An AuditEvent about ``patient``, which may be written a moment after what it tells of."""
    for _ in range(LOOKS):
        answer = auditor.get(f"{FHIR}/AuditEvent?patient={patient}&_count=1").raise_for_status()
        if entries := answer.json().get("entry"):
            return str(entries[0]["resource"]["id"])
        time.sleep(0.1)
    return ""


def _deliver(platform: Session, visit: str, tenant: str, trigger: AdtEvent, ward: str) -> None:
    [answer] = deliver([adt(visit, trigger, tenant, NOON, ward)], *_feed(platform))
    assert answer.code == "AA", answer.text


def _deliver_spoilt(platform: Session, visit: str) -> None:
    """A message without its visit number, which a platform may hold, refuse or choke on."""
    message = adt(visit, "A08", "riverside", NOON + dt.timedelta(hours=1), "W1")
    spoilt = message.text.replace(f"|{visit}|", "||")
    with suppress(OSError):
        deliver([type(message)(visit, "A08", spoilt)], *_feed(platform))


def _feed(platform: Session) -> tuple[str, int]:
    host, _, port = platform.edge("ehr-hub").listen.rpartition(":")
    return host, int(port)


def _settle(owner: httpx.Client, things: Things) -> None:
    """Wait until the referral has come to its end: it books a slot on its way."""
    deadline = time.monotonic() + SETTLED
    path = things.fill("/v1/referrals/{referral}")
    while owner.get(path).raise_for_status().json()["status"] == "accepted":
        assert time.monotonic() < deadline, f"{path} has not ended after {SETTLED:g} s"
        time.sleep(0.1)


def _told(owners: Staff, things: Things) -> set[str]:
    """The paths at which the owner gets his own things."""
    return {read.path for read in reads() if _tells(owners[read.role], read, things)}


def _tells(owner: httpx.Client, read: Attempt, things: Things) -> bool:
    answer = send_patiently(owner, read.request(owner, things))
    return answer.is_success and any(secret in answer.text for secret in things.secrets)


def _must_tell() -> set[str]:
    """The paths that tell the owner something whatever the platform has decided."""
    return {read.path for read in reads() if read.role == "clinician"} - set(TABLES["bare"])


def _launched(portal: httpx.Client, things: Things) -> dict[str, str]:
    """Credentials of Lakeside's patient portal, launched for a patient of Riverside's if it can.

    Refusing such a launch is as good as a token that opens nothing.
    """
    secret = portal.headers["Authorization"].removeprefix("Bearer ")
    form = {"grant_type": "client_credentials", "client_id": "lakeside-patient"}
    form |= {"client_secret": secret, "patient": things.ids["patient"]}
    answer = portal.post(LAUNCH, data=form)
    return {"Authorization": f"Bearer {answer.json().get('access_token', secret)}"}


def not_tried(contract: Mapping[str, Any], made: Sequence[Attempt], things: Things) -> list[str]:
    """Operations of ``contract`` that take an id and that no attempt went to."""
    tried = [(one.method, httpx.URL(things.fill(one.path)).path, one.id_sources()) for one in made]
    return uncovered(operations(contract), [*tried, ("POST", LAUNCH, frozenset({"body:patient"}))])


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
    owners = {role: client("riverside", role) for role in ROLES}
    owners["launched"] = owners["clinician"]
    intruders = {role: client("lakeside", role) for role in ROLES}
    with check.control():
        things = _make_things(owners, intruders["clinician"], platform)
        _settle(owners["clinician"], things)
        told = _told(owners, things)
        assert not (denied := _must_tell() - told), f"the owner cannot read: {sorted(denied)}"
        own = intruders["clinician"].get(things.fill("/v1/patients/{own_patient}/chart"))
        assert "Lakesider" in own.text, f"Lakeside cannot read its own chart: {own.status_code}"
        view = OwnerView(owners, watched(), things)
        assert not (moving := view.changes()), f"changes without a write: {moving}"
    with check.stressor():
        portal = client("lakeside", "patient")
        portal.headers.update(_launched(portal, things))
        found = intrude(intruders | {"launched": portal}, owners, view, made := attempts(), things)
        _deliver(platform, things.ids["visit"], "lakeside", "A03", "W1")
        fed = ["ADT^A03 by HL7 feed"] if view.changes() else []
    with check.oracle():
        contract = owners["clinician"].get("/v1/openapi.json").raise_for_status().json()
        missing = not_tried(contract, made, things)
        denied = told - _told(owners, things)
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
            "attempts by source of the id": Counter(attempt.source for attempt in made),
            "paths that tell the owner": f"{len(told)} of {len({read.path for read in reads()})}",
            "disclosed": found.disclosures[:20],
            "changed": writes[:20],
            "lost": sorted(denied),
        },
    )
