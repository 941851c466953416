"""Oracles for simultaneous users: double bookings, lost list entries, blind updates.

Each workload runs in turn (the control) or at once (the stressor), and what counts is what the
platform holds afterwards, not what it answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from codeblue.checks.volley import volley, volley_until_settled

CREATED, CONFLICT = 201, 409


@dataclass(frozen=True)
class Bookings:
    """What became of callers who wanted the same slots."""

    slots: int
    contended: int
    """Slots for which two callers or more got a decision (201 or 409)."""
    booked: int
    double: int
    """Slots that hold, or were acknowledged to, more than one caller."""
    vanished: int
    """Acknowledged bookings that the platform does not hold."""


def book_in_turn(client: httpx.Client, slots: Sequence[str], patients: Sequence[str]) -> Bookings:
    """Every patient asks for every slot, one after the other."""
    return _count(client, {slot: [_book(client, slot, p) for p in patients] for slot in slots})


def book_at_once(client: httpx.Client, slots: Sequence[str], patients: Sequence[str]) -> Bookings:
    """All patients ask for the same slot at the same instant, slot after slot."""
    return _count(
        client, {slot: volley([_booking(client, slot, p) for p in patients]) for slot in slots}
    )


def _booking(client: httpx.Client, slot: str, patient: str) -> httpx.Request:
    body = {"slot": slot, "patient": patient}
    return client.build_request("POST", "/v1/appointments", json=body)


def _book(client: httpx.Client, slot: str, patient: str) -> httpx.Response:
    return client.send(_booking(client, slot, patient))


def _count(
    client: httpx.Client, answers: Mapping[str, Sequence[httpx.Response | None]]
) -> Bookings:
    held = {slot: _appointments(client, slot) for slot in answers}
    acknowledged = {slot: _acknowledged(given) for slot, given in answers.items()}
    decided = {slot: _decided(given) for slot, given in answers.items()}
    return Bookings(
        slots=len(answers),
        contended=sum(count > 1 for count in decided.values()),
        booked=sum(bool(ids) for ids in held.values()),
        double=sum(len(held[slot] | acknowledged[slot]) > 1 for slot in answers),
        vanished=sum(len(acknowledged[slot] - held[slot]) for slot in answers),
    )


def _appointments(client: httpx.Client, slot: str) -> set[str]:
    answer = client.get("/v1/appointments", params={"slot": slot}).raise_for_status()
    return {str(appointment["id"]) for appointment in answer.json()["appointments"]}


def _acknowledged(answers: Sequence[httpx.Response | None]) -> set[str]:
    return {str(a.json()["id"]) for a in answers if a is not None and a.status_code == CREATED}


def _decided(answers: Sequence[httpx.Response | None]) -> int:
    return sum(a is not None and a.status_code in (CREATED, CONFLICT) for a in answers)


@dataclass(frozen=True)
class Appends:
    """What became of entries that were added to one list."""

    sent: int
    acknowledged: int
    lost: int
    """Acknowledged entries that the list does not hold."""


def append_in_turn(client: httpx.Client, patient: str, codes: Sequence[str]) -> Appends:
    """Add the allergies ``codes`` one after the other."""
    answers = [client.send(_append(client, patient, code)) for code in codes]
    return _kept(client, patient, codes, answers)


def append_at_once(client: httpx.Client, patient: str, codes: Sequence[str]) -> Appends:
    """Add the allergies ``codes`` at the same instant; who is told to come again does so."""
    answers = volley_until_settled([_append(client, patient, code) for code in codes])
    return _kept(client, patient, codes, answers)


def _append(client: httpx.Client, patient: str, code: str) -> httpx.Request:
    body = {"code": code, "display": f"Substance {code}"}
    return client.build_request("POST", f"/v1/patients/{patient}/allergies", json=body)


def _kept(
    client: httpx.Client,
    patient: str,
    codes: Sequence[str],
    answers: Sequence[httpx.Response | None],
) -> Appends:
    listed = client.get(f"/v1/patients/{patient}/allergies").raise_for_status().json()
    held = {str(allergy["code"]) for allergy in listed["allergies"]}
    acknowledged = {
        c for c, a in zip(codes, answers, strict=True) if a is not None and a.is_success
    }
    return Appends(len(codes), len(acknowledged), len(acknowledged - held))
