"""Puts patients into the platform under test, over its own FHIR API."""

from __future__ import annotations

import re
import time

import httpx

from codeblue.errors import TargetError, UsageError
from codeblue.patients import Population
from codeblue.patients.fhir import Resource
from codeblue.session import Session

_PATIENTS_PER_BUNDLE = 20
_TIMEOUT_S = 30.0
_PAUSES_S = (0.5, 2.0)
_BUSY = frozenset({429, 502, 503, 504})
_LOCATION = re.compile(r"(?:^|/)Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/|$)")


def seed(
    session: Session,
    tenant: str,
    population: Population,
    count: int,
    *,
    start: int = 0,
    role: str = "clinician",
) -> list[str]:
    """Create ``count`` patients of ``population`` from ``start`` on, each with its vital signs.

    Returns the ids that the server assigned, in the order of the population, and journals them.

    Raises:
        UsageError: the target names no FHIR endpoint.
        TargetError: the platform refused a transaction, or did not say what it created.
    """
    fhir = session.target.fhir
    if fhir is None:
        raise UsageError('codeblue.toml [target]: no "fhir". Set the path of the FHIR R4 API.')
    ids: list[str] = []
    headers = session.headers(tenant, role)
    with httpx.Client(base_url=session.base_url, headers=headers, timeout=_TIMEOUT_S) as client:
        for first in range(start, start + count, _PATIENTS_PER_BUNDLE):
            batch = min(_PATIENTS_PER_BUNDLE, start + count - first)
            ids += _post(client, fhir, population.bundle(first, batch))
    session.journal.event("seeded", tenant=tenant, patients=ids)
    return ids


def _post(client: httpx.Client, fhir: str, bundle: Resource) -> list[str]:
    """Send one transaction; the ids of the Patients it created."""
    where = f"POST {fhir}"
    sent = sum(entry["resource"]["resourceType"] == "Patient" for entry in bundle["entry"])
    try:
        response = _answered(client, fhir, bundle)
    except httpx.HTTPError as error:
        raise TargetError(
            f"{where}: no answer ({type(error).__name__}). Look at the platform's log."
        ) from error
    if response.status_code not in (httpx.codes.OK, httpx.codes.CREATED):
        raise TargetError(
            f"{where}: a transaction of {sent} patients was answered with "
            f"{response.status_code}. Look at the platform's log, and at the rights of the token."
        )
    created = _created(response)
    if len(created) != sent:
        raise TargetError(
            f"{where}: {sent} patients were sent and the answer locates {len(created)}. "
            "A transaction-response must hold response.location for every entry."
        )
    return created


def _answered(client: httpx.Client, fhir: str, bundle: Resource) -> httpx.Response:
    """The answer; a platform that has just started, and is busy with that, is asked again.

    A transaction that was carried out and not answered leaves patients whom nobody looks for.
    """
    for pause in _PAUSES_S:
        response = client.post(fhir, json=bundle)
        if response.status_code not in _BUSY:
            return response
        time.sleep(pause)
    return client.post(fhir, json=bundle)


def _created(response: httpx.Response) -> list[str]:
    """The ids of the created Patients in a transaction-response; none when it is none."""
    try:
        entries = response.json()["entry"]
        locations = [str(entry["response"]["location"]) for entry in entries]
    except (ValueError, KeyError, TypeError):
        return []
    return [found[1] for location in locations if (found := _LOCATION.search(location))]
