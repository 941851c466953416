"""Switch 21, "Canary deployments": how a new version gets its patients.

Without it everybody has the new version at once, and a version that is silently wrong is found
by the patients it was wrong about.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from reference_platform.contract.delivery import State

ALL = 100
_FINE = 10_000  # buckets; a share of one percent is a hundred of them


@dataclass(slots=True)
class Evidence:
    """How the candidate did beside the stable version, at its present share."""

    compared: int = 0
    errors: int = 0
    slow: int = 0
    disagreements: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a candidate: its share in percent, its state, and why."""

    share: int
    state: State
    reason: str | None = None


class CanaryProgressive(Protocol):
    """How a candidate begins, and how it goes on."""

    begin: Step
    compares: bool

    def next(self, share: int, evidence: Evidence) -> Step | None:
        """What follows from `evidence`; None as long as there is not enough of it."""
        ...


def chosen(key: str, share: int) -> bool:
    """Whether `key` is among the first `share` percent; the same answer in every process."""
    bucket = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) % _FINE
    return bucket * ALL < share * _FINE


class Pilot:
    """Everybody at once."""

    begin = Step(ALL, "released")
    compares = False

    def next(self, share: int, evidence: Evidence) -> Step | None:  # noqa: ARG002
        """Nobody looks."""
        return None


class Production:
    """From 5 to 100 percent, as long as nothing speaks against it; counts decide, never a clock.

    One score that differs is enough to refuse; errors and delays have to be more than a mishap.
    """

    begin = Step(5, "ramping")
    compares = True
    steps = (5, 10, 25, 50, ALL)
    enough = 30
    mishaps = 3
    tolerated = 0.1

    def next(self, share: int, evidence: Evidence) -> Step | None:
        """Refuse as soon as there is a reason, advance when there was none often enough."""
        if reason := self._objection(evidence):
            return Step(0, "rejected", reason)
        if evidence.compared < self.enough:
            return None
        share = self.steps[self.steps.index(share) + 1]
        return Step(share, "promoted" if share == ALL else "ramping")

    def _objection(self, evidence: Evidence) -> str | None:
        if evidence.disagreements:
            return f"{evidence.disagreements} of {evidence.compared} scores differ"
        if self._too_many(evidence.errors, evidence.compared):
            return f"{evidence.errors} of {evidence.compared} requests failed"
        if self._too_many(evidence.slow, evidence.compared):
            return f"{evidence.slow} of {evidence.compared} requests were too slow"
        return None

    def _too_many(self, bad: int, compared: int) -> bool:
        return bad >= self.mishaps and bad > self.tolerated * compared
