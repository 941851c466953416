"""Where a value sits in an HL7 v2 message."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SYNTAX = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>[1-9]\d{0,2})"
    r"(\[(?P<component>[1-9]\d?)=(?P<value>[^\]]+)\])?"
    r"(-(?P<part>[1-9]\d?)(-(?P<subpart>[1-9]\d?))?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Place:
    """`PID-3-1`: segment, field, component; `PV1-3-1-2` names a subcomponent too.

    `PID-3[5=MR]-1` is component 1 of the first repetition whose component 5 is MR; without a
    condition it is that of the first repetition.
    """

    segment: str
    field: int
    component: int = 1
    subcomponent: int = 1
    condition: tuple[int, str] | None = None

    @classmethod
    def parse(cls, text: str) -> Place:
        """The place that `text` names; ValueError when it names none."""
        match = _SYNTAX.fullmatch(text)
        if match is None:
            raise ValueError(f'"{text}" is no place. Write PID-3, PID-3-1 or PID-3[5=MR]-1')
        condition = (int(match["component"]), match["value"]) if match["component"] else None
        return cls(
            match["segment"],
            int(match["field"]),
            int(match["part"] or 1),
            int(match["subpart"] or 1),
            condition,
        )

    def __str__(self) -> str:
        return f"{self.segment}-{self.field}"
