"""Referrals, each into a slot of its own, and what is left of them in the end.

A referral is one request and four systems. Its status says how it ended, the appointments of its
slot say what it has left: an appointment belongs to a referral that was completed, or it is an
orphan that nobody knows of; a completed referral without one was never made.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from codeblue.checks.background import accepted, outcomes
from codeblue.checks.burst import Sent, burst
from codeblue.checks.fresh import fresh_slots

REFUSED = "refused"
"""How a referral ended that was not accepted."""
COMPLETED = "completed"
ENDS = frozenset({COMPLETED, "compensated", "failed"})
"""The states in which a referral stays; "failed" says that somebody has to take it back by hand."""
_PAUSE = 0.5  # seconds between two referrals of one who waits for one to be completed


@dataclass(frozen=True)
class Referred:
    """One referral that was asked for, and its slot."""

    slot: str
    sent: Sent


@dataclass(frozen=True)
class Ended:
    """What became of referrals: how each ended, and what does not fit."""

    states: Counter[str]
    unended: int
    """Accepted, and neither completed nor taken back."""
    orphans: int
    """Appointments of referrals that were not completed."""
    missing: int
    """Completed referrals without exactly one appointment."""


def refer(client: httpx.Client, patient: str, count: int, over: float) -> list[Referred]:
    """Refer ``patient`` ``count`` times within ``over`` seconds."""
    slots = fresh_slots(client, count)
    sent = burst([_referral(client, patient, slot) for slot in slots], over)
    return [Referred(*pair) for pair in zip(slots, sent, strict=True)]


def ended(client: httpx.Client, referred: Sequence[Referred], within: float) -> Ended:
    """What became of ``referred``, when all have ended or ``within`` seconds are over."""
    places = {one.slot: _place(one) for one in referred}
    states = outcomes(client, [place for place in places.values() if place], ENDS, within)
    ends = {slot: states[place] if place else REFUSED for slot, place in places.items()}
    held = {slot: _appointments(client, slot) for slot in ends}
    return Ended(
        states=Counter(ends.values()),
        unended=sum(end not in {REFUSED, COMPLETED, "compensated"} for end in ends.values()),
        orphans=sum(held[slot] for slot, end in ends.items() if end != COMPLETED),
        missing=sum(held[slot] != 1 for slot, end in ends.items() if end == COMPLETED),
    )


def refer_until_completed(client: httpx.Client, patient: str, within: float) -> bool:
    """Refer ``patient`` until a referral is completed; whether that was ``within`` seconds.

    What was broken before may be left alone for a while, as by a circuit breaker.
    """
    deadline = time.monotonic() + within
    while True:
        left = deadline - time.monotonic()
        if COMPLETED in ended(client, refer(client, patient, 1, 0), max(left, 0)).states:
            return True
        if left < 0:
            return False
        time.sleep(_PAUSE)


def _referral(client: httpx.Client, patient: str, slot: str) -> httpx.Request:
    to = {"specialty": "cardiology", "payer": "harbor-health", "member": f"M-{patient}"}
    return client.build_request(
        "POST", "/v1/referrals", json={"patient": patient, "slot": slot, **to}
    )


def _place(referred: Referred) -> str | None:
    identity = accepted(referred.sent)
    return f"/v1/referrals/{identity}" if identity else None


def _appointments(client: httpx.Client, slot: str) -> int:
    answer = client.get("/v1/appointments", params={"slot": slot}).raise_for_status()
    return len(answer.json()["appointments"])
