"""Rows of text: what the dirt changes, and what every format is written from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Text = NDArray[np.bytes_]
"""UTF-8, one value per row, shorter ones padded with NUL."""
Value = bytes | Text
"""One text that all rows share, or one for each of them."""


@dataclass
class Rows:
    """Records of one resource type at one institution, as this institution writes them.

    ``resource`` is a FHIR resource type, or the type of an HL7 v2 message such as ``ADT^A01``;
    ``part`` is what tells apart the blocks of one type: the measurement of Observations.
    ``person`` says whose truth each row tells, as an index of the population, and ``copy`` which
    of this person's records it is about. ``fields`` are bare text: neither quotes, backslashes,
    control characters nor HL7 delimiters. ``typed`` holds what some of them were made of.
    """

    resource: str
    institution: int
    person: NDArray[np.int64]
    copy: NDArray[np.int64]
    fields: dict[str, Value]
    part: str = ""
    typed: dict[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.person)

    def only(self, names: Collection[str]) -> Rows:
        """The same rows with some of the fields."""
        fields = {name: value for name, value in self.fields.items() if name in names}
        return replace(self, fields=fields)
