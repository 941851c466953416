"""Much of something, put into a platform over its own API in few requests: FHIR transactions."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx

from codeblue.checks.fresh import FHIR
from codeblue.checks.patience import send_patiently
from codeblue.checks.people import people

BUNDLE = 100
"""Resources per transaction; some servers take no more."""
_TRIES, _PAUSE = 5, 0.5  # seconds; what is sent this fast may be too fast for a busy platform
_LOCATION = re.compile(r"(?:^|/)Patient/([A-Za-z0-9\-.]{1,64})")
_FIRST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_LOINC, _UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def fresh_patients(client: httpx.Client, count: int) -> list[str]:
    """Create ``count`` patients and return their ids.

    Raises:
        httpx.HTTPStatusError: the platform refused.
        ValueError: it did not say what it created.
    """
    created: list[str] = []
    for first in range(0, count, BUNDLE):
        numbers = range(first, min(first + BUNDLE, count))
        answer = _transact(client, [_person(number) for number in numbers])
        places = [str(entry["response"]["location"]) for entry in answer.json()["entry"]]
        created += [found[1] for place in places if (found := _LOCATION.search(place))]
    if len(created) != count:
        raise ValueError(f"{count} patients were sent, {len(created)} located by the answers")
    return created


def add_pulses(client: httpx.Client, patient: str, count: int, callers: int = 1) -> None:
    """Record ``count`` pulses of ``patient``, a minute apart, from ``callers`` at the same time.

    There may be more: what was answered too late is sent again, and may have been recorded before.

    Raises:
        httpx.HTTPStatusError: the platform refused.
    """
    bundles = [
        [pulse(patient, number) for number in range(first, min(first + BUNDLE, count))]
        for first in range(0, count, BUNDLE)
    ]
    with ThreadPoolExecutor(callers) as pool:
        for _ in pool.map(lambda bundle: _transact(client, bundle), bundles):
            pass


def pulse(patient: str, number: int = 0, name: str = "Heart rate") -> dict[str, Any]:
    """An Observation of the pulse of ``patient``; ``name`` is what its code is displayed as."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": _LOINC, "code": "8867-4", "display": name}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": (_FIRST + dt.timedelta(minutes=number)).isoformat(),
        "valueQuantity": {
            "value": 60 + number % 40, "unit": "/min", "system": _UCUM, "code": "/min"
        },
    }  # fmt: skip


def _person(number: int) -> dict[str, Any]:
    identifier = {"system": "urn:codeblue:mrn", "value": f"CB{uuid4().hex}"}
    return people().fhir_patient(number % people().size) | {"identifier": [identifier]}


def _transact(client: httpx.Client, resources: Sequence[dict[str, Any]]) -> httpx.Response:
    entries = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for each in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    request = client.build_request("POST", FHIR, json=bundle)
    return send_patiently(client, request, _TRIES, _PAUSE).raise_for_status()
