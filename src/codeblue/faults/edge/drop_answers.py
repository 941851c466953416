"""Drop answers: the work is done, and nobody hears of it."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault


@dataclass(frozen=True)
class DropAnswers(ToxicFault):
    """Requests arrive; the connection closes when the answer comes, and the answer is lost."""

    type = "drop-answers"

    def poisons(self) -> tuple[Poison, ...]:
        """Not one byte on the way back."""
        return (Poison("limit_data", "downstream", {"bytes": 0}),)
