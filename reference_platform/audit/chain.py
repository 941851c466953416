"""The hash chain of one tenant's trail: every position vouches for all that came before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference_platform.audit.event import Event, read

GENESIS = "0" * 64
"""The hash before position 1."""
COLUMNS = ("id", "recorded", "subject", "patient", "action", "kind", "outcome")
"""What a row repeats of its content, for searches."""


@dataclass(frozen=True, slots=True)
class Link:
    """A position of the chain and its hash (SHA-256, hexadecimal)."""

    position: int = 0
    hash: str = GENESIS

    def next(self, content: str) -> Link:
        """The link that `content` makes after this one."""
        position = self.position + 1
        text = f"{self.hash}\n{position}\n{content}".encode()
        return Link(position, hashlib.sha256(text).hexdigest())


@dataclass(frozen=True, slots=True)
class Fault:
    """The first position at which a trail is not what it was, and how that shows."""

    position: int
    reason: str


class Verifier:
    """Walks along a trail from its first position.

    Args:
        signed: hash by position, as checkpoints kept elsewhere have it.
        start: the link before the first row that will come.
    """

    def __init__(self, signed: Mapping[int, str], start: Link | None = None) -> None:
        self._signed = signed
        self.link = start or Link()

    def take(self, row: Mapping[str, Any]) -> Fault | None:
        """Look at the next row; its columns, `position`, `hash` and `content`."""
        expected = self.link.next(row["content"])
        if row["position"] != expected.position:
            return Fault(expected.position, "missing or moved")
        if row["hash"] != expected.hash:
            return Fault(expected.position, "changed")
        if self._signed.get(expected.position, expected.hash) != expected.hash:
            return Fault(expected.position, "not what its checkpoint says")
        if not _repeats(row):
            return Fault(expected.position, "its search columns were changed")
        self.link = expected
        return None

    def end(self) -> Fault | None:
        """After the last row: whether checkpoints know of more."""
        if any(position > self.link.position for position in self._signed):
            return Fault(self.link.position + 1, "the end is missing")
        return None


def columns(event: Event) -> tuple[str | None, ...]:
    """The values of `COLUMNS`, as text."""
    patient = event.patients[0] if len(event.patients) == 1 else None
    return (
        event.id, event.recorded, event.subject, patient, event.action, event.kind, event.outcome,
    )  # fmt: skip


def _repeats(row: Mapping[str, Any]) -> bool:
    try:
        event = read(row["content"])
    except (ValueError, TypeError, KeyError):
        return False
    return columns(event) == tuple(row[name] for name in COLUMNS)


def verify(rows: Sequence[Mapping[str, Any]], signed: Mapping[int, str]) -> Fault | None:
    """The first fault of a whole trail, in the order of its positions."""
    verifier = Verifier(signed)
    for row in rows:
        if fault := verifier.take(row):
            return fault
    return verifier.end()
