"""What comes of visits: appointments, the stay as HL7 v2 tells it, and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from codeblue.patients.draws import Bools, Floats, Ints
from codeblue.patients.institutions import WORKFLOWS
from codeblue.patients.visits import DAY, HOUR, Visits

CHANCES = 8
"""How many draws a journey takes."""

MOST_RESULT = 10 * DAY
"""Seconds after a visit within which its results are there."""

Step = tuple[str, Bools, Ints, Ints]
"""A type of event, which visits have it, when (seconds of Unix time) and in which ward."""

_INPATIENT, _LABORATORY = WORKFLOWS.index("inpatient"), WORKFLOWS.index("laboratory")
# When things happen in a stay, as a share of its length.
_ADMITTED, _TAKEN_BACK, _READMITTED = 0.04, 0.08, 0.12
_MOVED, _MOVED_LAST, _MOVED_BACK = 0.2, 0.6, 0.65
_UPDATED, _UPDATED_LAST = 0.7, 0.9
_LEFT, _CALLED_BACK = 0.95, 0.97


@dataclass(frozen=True)
class Journeys:
    """The journeys of some visits, all of one number.

    ``booked`` says which are appointments, ``rates`` holds the figures of ``JourneyRates`` for
    each visit, and ``chances`` is drawn evenly in [0, 1); shape (CHANCES, visits).
    """

    visits: Visits
    booked: Bools
    rates: Mapping[str, Floats]
    chances: Floats

    def steps(self) -> Iterator[Step]:
        """Every step that there can be, in the order in which a visit has them."""
        yield from self._appointment()
        yield "ADT^A04", self.visits.kept, self._after(0.0), self.visits.ward
        yield from self._admission()
        yield from self._stay()
        yield from self._discharge()
        yield "ORU^R01", self.visits.kept, self._resulted_at(), self._last_ward()

    def _appointment(self) -> Iterator[Step]:
        visits = self.visits
        booked_at = visits.booked_at.view(np.int64)
        announced = self.booked & (visits.workflow == _INPATIENT)
        yield "appointment-booked", self.booked, booked_at, visits.ward
        yield "ADT^A05", announced, booked_at, visits.ward
        yield "appointment-fulfilled", self.booked & visits.kept, self._after(0.0), visits.ward
        yield "appointment-noshow", self.booked & ~visits.kept, self._after(1.0), visits.ward

    def _admission(self) -> Iterator[Step]:
        ward = self.visits.ward
        admitted = self.visits.kept & (self.visits.workflow == _INPATIENT)
        by_mistake = admitted & self._happens(0, "cancelled_admission")
        yield "ADT^A01", admitted, self._after(_ADMITTED), ward
        yield "ADT^A11", by_mistake, self._after(_TAKEN_BACK), ward
        yield "ADT^A01", by_mistake, self._after(_READMITTED), ward

    def _stay(self) -> Iterator[Step]:
        moved_at = self._after(_MOVED + (_MOVED_LAST - _MOVED) * self.chances[4])
        yield "ADT^A02", self.visits.transfer >= 0, moved_at, self.visits.transfer
        yield "ADT^A12", self._moved_back(), self._after(_MOVED_BACK), self.visits.ward
        updated = self.visits.kept & self._happens(2, "updated")
        updated_at = self._after(_UPDATED + (_UPDATED_LAST - _UPDATED) * self.chances[5])
        yield "ADT^A08", updated, updated_at, self._last_ward()

    def _discharge(self) -> Iterator[Step]:
        ward = self._last_ward()
        discharged = self.visits.kept & (self.visits.workflow != _LABORATORY)
        too_early = discharged & self._happens(3, "cancelled_discharge")
        yield "ADT^A03", too_early, self._after(_LEFT), ward
        yield "ADT^A13", too_early, self._after(_CALLED_BACK), ward
        yield "ADT^A03", discharged, self._after(1.0), ward

    def _moved_back(self) -> Bools:
        return (self.visits.transfer >= 0) & self._happens(1, "cancelled_transfer")

    def _last_ward(self) -> Ints:
        moved = (self.visits.transfer >= 0) & ~self._moved_back()
        return np.where(moved, self.visits.transfer, self.visits.ward)

    def _resulted_at(self) -> Ints:
        """Exponential after the end, with the median of the institution."""
        hours = -np.log2(1 - self.chances[6]) * self.rates["result_hours"]
        seconds = np.minimum(hours * HOUR, MOST_RESULT - 1)
        return np.asarray(self.visits.ends.view(np.int64) + seconds.astype(np.int64))

    def _happens(self, chance: int, rate: str) -> Bools:
        return np.asarray(self.chances[chance] < self.rates[rate])

    def _after(self, share: float | Floats) -> Ints:
        """When this share of the visit is over."""
        begins, ends = self.visits.begins.view(np.int64), self.visits.ends.view(np.int64)
        return np.asarray(begins + ((ends - begins) * share).astype(np.int64))
