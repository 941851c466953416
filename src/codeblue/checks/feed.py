"""An ADT feed as a legacy system sends it: every message several times, in any order.

The messages follow HL7 v2.5.1, chapter 3: A01 admit, A02 transfer, A08 update, A03 discharge. What
happened when is EVN-2; the order of arrival says nothing.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from codeblue.checks.people import people
from codeblue.mllp import Acknowledgement, MllpConnection
from codeblue.patients.hl7v2 import AdtEvent

STAYS: tuple[tuple[AdtEvent, ...], ...] = (
    ("A01", "A02", "A08", "A03"),
    ("A01", "A02", "A08", "A02"),
    ("A01", "A03"),
    ("A01", "A08"),
)
"""What happens in a stay; half of the stays are still going on at the end."""

STATE = ("status", "ward", "admissions", "events")
"""The fields of a visit that its feed determines."""


@dataclass(frozen=True)
class Message:
    """One ADT message: the event ``trigger`` of ``visit``, as text with its own MSH-10."""

    visit: str
    trigger: str
    text: str


def stays(count: int, prefix: str, tenant: str) -> list[list[Message]]:
    """The messages of ``count`` visits in the order of events; visits are named from ``prefix``.

    The same ``count`` gives the same stays whatever the prefix, so two feeds can be compared.
    """
    return [_stay(f"{prefix}{n:03d}", STAYS[n % len(STAYS)], n, tenant) for n in range(count)]


def resends(feed: Sequence[Sequence[Message]], copies: int, seed: int) -> list[Message]:
    """Every message of ``feed``, ``copies`` times and shuffled across all visits."""
    messages = [message for stay in feed for message in stay] * copies
    random.Random(seed).shuffle(messages)  # noqa: S311 - reproducible, not secret
    return messages


def early_discharges(messages: Sequence[Message]) -> int:
    """How many visits are discharged (A03) before they are first admitted (A01)."""
    first: dict[tuple[str, str], int] = {}
    for position, message in enumerate(messages):
        first.setdefault((message.visit, message.trigger), position)
    return sum(
        position < first[visit, "A01"]
        for (visit, trigger), position in first.items()
        if trigger == "A03"
    )


def deliver(messages: Sequence[Message], host: str, port: int) -> list[Acknowledgement]:
    """Send ``messages`` over one MLLP connection, in this order."""
    with MllpConnection(host, port) as receiver:
        return [receiver.send(message.text) for message in messages]


def visit_state(client: httpx.Client, visit: str) -> dict[str, Any]:
    """What the platform says about ``visit`` that its feed determines; empty if unknown."""
    answer = client.get(f"/v1/visits/{visit}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return {}
    state = answer.raise_for_status().json()
    return {field: state.get(field) for field in STATE}


def adt(
    visit: str, trigger: AdtEvent, tenant: str, when: dt.datetime, ward: str, person: int = 0
) -> Message:
    """The message of ``tenant`` that ``visit`` of a person, in ``ward``, met ``trigger``."""
    control_id = f"{visit}-{when:%Y%m%d%H%M%S}"
    text = people().adt(
        trigger, person, facility=tenant, visit=visit, ward=ward, at=when, control_id=control_id
    )
    return Message(visit, trigger, text)


def _stay(visit: str, triggers: Sequence[AdtEvent], number: int, tenant: str) -> list[Message]:
    start = dt.datetime(2031, 3, 3, 8, tzinfo=dt.UTC) + dt.timedelta(minutes=number)
    messages, ward = [], ""
    for hour, trigger in enumerate(triggers):
        ward = f"W{number % 7}{hour}" if trigger in ("A01", "A02") else ward
        when = start + dt.timedelta(hours=hour)
        messages.append(adt(visit, trigger, tenant, when, ward, number))
    return messages
