"""What the score says: for each kind of dirt, and for the persons behind the records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Tally:
    """What became of the records that one kind of dirt spoiled, and of clean ones beside them.

    ``false_alarms`` are clean records that were refused, or altered in a field of this kind.
    """

    sent: int = 0
    refused: int = 0
    corrected: int = 0
    kept: int = 0
    false_alarms: int = 0

    @property
    def caught(self) -> int:
        """Refused or corrected."""
        return self.refused + self.corrected

    @property
    def recall(self) -> float | None:
        """The share of the dirt that was caught; None when there was none."""
        return _ratio(self.caught, self.sent)

    @property
    def precision(self) -> float | None:
        """The share of dirt in what was refused or altered; None when nothing was."""
        return _ratio(self.caught, self.caught + self.false_alarms)

    def as_dict(self) -> dict[str, int | float | None]:
        """Plain values."""
        return {
            "sent": self.sent,
            "refused": self.refused,
            "corrected": self.corrected,
            "kept": self.kept,
            "false_alarms": self.false_alarms,
            "recall": self.recall,
            "precision": self.precision,
        }


@dataclass
class Pairs:
    """Pairs of records of the same person: how many there are, were merged, and rightly so."""

    true: int = 0
    merged: int = 0
    rightly: int = 0

    @property
    def recall(self) -> float | None:
        """The share of the true pairs that was merged; None when there is none."""
        return _ratio(self.rightly, self.true)

    @property
    def precision(self) -> float | None:
        """The share of true ones among the merged pairs; None when none was merged."""
        return _ratio(self.rightly, self.merged)

    def as_dict(self) -> dict[str, int | float | None]:
        """Plain values."""
        return {
            "true": self.true,
            "merged": self.merged,
            "rightly": self.rightly,
            "recall": self.recall,
            "precision": self.precision,
        }


@dataclass(frozen=True)
class Score:
    """How a platform did. ``records`` is, by type, how many were sent and how many it kept.

    ``within`` are pairs of records at the same institution (duplicates), ``across`` those at two.
    """

    records: dict[str, tuple[int, int]]
    kinds: dict[str, Tally]
    within: Pairs
    across: Pairs

    def as_dict(self) -> dict[str, object]:
        """Plain values, as ``--json`` prints them."""
        return {
            "records": {
                kind: {"sent": sent, "kept": kept} for kind, (sent, kept) in self.records.items()
            },
            "kinds": {name: tally.as_dict() for name, tally in self.kinds.items()},
            "pairs": {
                "within institutions": self.within.as_dict(),
                "across institutions": self.across.as_dict(),
            },
        }


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
