"""Oracles for updates by somebody who has not seen the version that he overwrites.

A server may refuse a missing ``If-Match`` with 400 (FHIR R4, 3.1.0.5), 412, or 428 (RFC 6585), and
a stale one with 412 (RFC 9110, 13.1.1) or 409. What counts besides is that nothing was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from codeblue.checks.fresh import FHIR
from codeblue.checks.patience import send_patiently
from codeblue.checks.volley import volley

REFUSED_BLIND = frozenset({400, 409, 412, 428})
REFUSED_STALE = frozenset({409, 412})


@dataclass(frozen=True)
class Updates:
    """What became of updates; ``undecided`` are those neither accepted nor refused as outdated."""

    sent: int
    accepted: int
    stored: int
    undecided: int


@dataclass(frozen=True)
class _Version:
    resource: dict[str, Any]
    etag: str


def update_with_match(client: httpx.Client, patients: Sequence[str]) -> Updates:
    """Update each patient from the version just read; all of these are to be stored."""
    etags = {patient: _read(client, patient).etag for patient in patients}
    return _update(client, etags, "Matched", frozenset())


def update_blindly(client: httpx.Client, patients: Sequence[str]) -> Updates:
    """Update each patient without ``If-Match``; none of these is to be stored."""
    return _update(client, dict.fromkeys(patients, ""), "Blind", REFUSED_BLIND)


def update_with_stale_match(client: httpx.Client, patients: Sequence[str]) -> Updates:
    """Update each patient from a version that was replaced since; none is to be stored."""
    stale = {patient: _read(client, patient).etag for patient in patients}
    update_with_match(client, patients)
    return _update(client, stale, "Stale", REFUSED_STALE)


def update_at_once(client: httpx.Client, patient: str, writers: int) -> int:
    """How many of ``writers`` who read the same version were told that they replaced it."""
    current = _read(client, patient)
    requests = [_put(client, patient, current, f"Writer{n}", current.etag) for n in range(writers)]
    return sum(answer is not None and answer.is_success for answer in volley(requests))


def _update(
    client: httpx.Client, etags: dict[str, str], family: str, refusals: frozenset[int]
) -> Updates:
    accepted = stored = undecided = 0
    for patient, etag in etags.items():
        update = _put(client, patient, _read(client, patient), family, etag)
        answer = send_patiently(client, update)
        accepted += answer.is_success
        undecided += not answer.is_success and answer.status_code not in refusals
        stored += _read(client, patient).resource["name"][0]["family"] == family
    return Updates(len(etags), accepted, stored, undecided)


def _read(client: httpx.Client, patient: str) -> _Version:
    request = client.build_request("GET", f"{FHIR}/Patient/{patient}")
    answer = send_patiently(client, request).raise_for_status()
    return _Version(answer.json(), answer.headers.get("ETag", ""))


def _put(
    client: httpx.Client, patient: str, current: _Version, family: str, etag: str
) -> httpx.Request:
    body = current.resource | {"name": [{"family": family}]}
    headers = {"If-Match": etag} if etag else {}
    return client.build_request("PUT", f"{FHIR}/Patient/{patient}", json=body, headers=headers)
