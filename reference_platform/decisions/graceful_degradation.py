"""Switch 19, "resilience under uncertainty": what is said when something is not known.

Without it a score that could not be computed looks like one that was: a zero, or yesterday's,
and nobody goes to look at the patient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from reference_platform.outcomes import Refusal

Score = Mapping[str, Any]
"""A score as `contract.cds.Score` has it."""
SHOWN = ("status", "score", "risk", "missing", "computed_at", "version")
"""What a summary shows of a score."""
_PROMPT = "No current score: assess the patient by hand."


class GracefulDegradation(Protocol):
    """What stands in for what is missing."""

    def total(self, parameters: Mapping[str, int], missing: Sequence[str]) -> int | None:
        """The score of these points, None when it cannot be told."""
        ...

    def summary(self, last: Score | None, now: datetime) -> tuple[Score, list[str]]:
        """What is shown instead of a score, and what is marked as degraded."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """Around every transaction: what a read-only database means."""
        ...


class Pilot:
    """Something is always shown; a failure is an error."""

    def total(self, parameters: Mapping[str, int], missing: Sequence[str]) -> int | None:  # noqa: ARG002
        """What was not measured counts as normal."""
        return sum(parameters.values())

    def summary(self, last: Score | None, now: datetime) -> tuple[Score, list[str]]:  # noqa: ARG002
        """The last score as if it were a new one, or zero."""
        if last is not None:
            return last, []
        return {"status": "complete", "score": 0, "risk": "low"}, []

    def writing(self) -> AbstractContextManager[None]:
        """An error like any other."""
        return nullcontext()


class Production:
    """What is not known is said to be so, and what is old has its age on it."""

    def total(self, parameters: Mapping[str, int], missing: Sequence[str]) -> int | None:
        """No score while a parameter is missing."""
        return None if missing else sum(parameters.values())

    def summary(self, last: Score | None, now: datetime) -> tuple[Score, list[str]]:
        """The last score with its age, or none; either way somebody has to look."""
        if last is None:
            nothing = {"status": "not available", "score": None, "risk": None, "prompt": _PROMPT}
            return nothing, ["cds"]
        age = now - datetime.fromisoformat(last["computed_at"])
        marks = {"stale": True, "age_seconds": max(0, int(age.total_seconds())), "prompt": _PROMPT}
        return {**last, **marks}, ["cds"]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Read-only mode: reads go on, and a write is refused in a way that can be understood."""
        try:
            yield
        except asyncpg.ReadOnlySQLTransactionError:
            sentence = "Read-only mode: nothing can be written now. Read on; write again later."
            raise Refusal(503, sentence, headers={"Retry-After": "5"}) from None
