"""Events as columns: what is made, cut, joined and sorted by the million."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from codeblue.patients.draws import Bools, Ints

TYPES = (
    "appointment-booked",
    "appointment-fulfilled",
    "appointment-noshow",
    "ADT^A05",
    "ADT^A04",
    "ADT^A01",
    "ADT^A11",
    "ADT^A02",
    "ADT^A12",
    "ADT^A08",
    "ADT^A03",
    "ADT^A13",
    "ORU^R01",
    "ADT^A31",
    "ADT^A40",
)
"""Of events, as appointments have a status in FHIR and messages a type in HL7 v2.

A05 announces a booked inpatient, A04 registers, A01 admits, A02 transfers, A08 updates during a
visit, A03 discharges; A11, A12 and A13 take an admission, a transfer and a discharge back; A31
updates a person between visits, and A40 merges a duplicate record into the right one.
"""


@dataclass(frozen=True)
class EventColumns:
    """Events: one entry per event in every array.

    ``at`` is seconds of Unix time, ``type`` an index of ``TYPES``, ``copy`` the record that it is
    about. ``visit`` is -1 for what belongs to no visit; ``step`` is the place among the events of
    one visit; ``ward`` is where the patient then is, an index of the institution's wards, or -1.
    """

    at: Ints
    type: Ints
    institution: Ints
    person: Ints
    copy: Ints
    visit: Ints
    step: Ints
    ward: Ints

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, rows: Ints | Bools | slice) -> EventColumns:
        return EventColumns(*(column[rows] for column in self.all()))

    def all(self) -> tuple[Ints, ...]:
        """The arrays, in the order of the fields."""
        return tuple(getattr(self, column.name) for column in fields(self))

    def between(self, begin: int, end: int) -> EventColumns:
        """Those from ``begin`` until before ``end``."""
        return self[(self.at >= begin) & (self.at < end)]

    def in_order(self) -> EventColumns:
        """By time; what happens in the same second stands by person, visit and step."""
        return self[np.lexsort((self.step, self.visit, self.person, self.at))]


def of_type(
    name: str,
    at: Ints,
    institution: Ints,
    person: Ints,
    copy: Ints,
    ward: Ints | None = None,
    *,
    visit: int = -1,
    step: int = 0,
) -> EventColumns:
    """Events that share type, visit and step."""
    same = np.ones(len(at), dtype=np.int64)
    return EventColumns(
        at=at,
        type=same * TYPES.index(name),
        institution=institution,
        person=person,
        copy=copy,
        visit=same * visit,
        step=same * step,
        ward=-same if ward is None else ward,
    )


def joined(parts: Sequence[EventColumns]) -> EventColumns:
    """All events of ``parts``, of which there is at least one."""
    return EventColumns(*map(np.concatenate, zip(*(part.all() for part in parts), strict=True)))
