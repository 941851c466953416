"""Things a check makes for itself, so that no check depends on another or on seeded data."""

from __future__ import annotations

import datetime as dt
import itertools
from uuid import uuid4

import httpx

from codeblue.checks.people import people

FHIR = "/v1/fhir"
_NEXT = itertools.count()


def fresh_patient(client: httpx.Client, family: str = "", identifier: str = "") -> str:
    """Create a patient and return its id.

    When they are empty, ``family`` is the name of a person of the population, and ``identifier``,
    the record number, is random.
    """
    person = people().fhir_patient(next(_NEXT) % people().size)
    person["identifier"] = [
        {"system": "urn:codeblue:mrn", "value": identifier or f"CB{uuid4().hex}"}
    ]
    if family:
        person["name"][0]["family"] = family
    return created(client.post(f"{FHIR}/Patient", json=person))


def fresh_slots(client: httpx.Client, count: int, practitioner: str = "") -> list[str]:
    """Create ``count`` free half-hour slots of one practitioner, an hour apart; return the ids."""
    name = practitioner or f"practitioner-{uuid4().hex}"
    first = dt.datetime(2031, 3, 3, 8, tzinfo=dt.UTC)
    starts = (first + dt.timedelta(hours=n) for n in range(count))
    return [created(client.post("/v1/slots", json=_slot(name, start))) for start in starts]


def created(response: httpx.Response) -> str:
    """The id of what was just created.

    Raises:
        httpx.HTTPStatusError: the platform refused.
    """
    return str(response.raise_for_status().json()["id"])


def _slot(practitioner: str, start: dt.datetime) -> dict[str, str]:
    end = start + dt.timedelta(minutes=30)
    return {
        "practitioner": practitioner,
        "start": start.isoformat().replace("+00:00", "Z"),
        "end": end.isoformat().replace("+00:00", "Z"),
    }
