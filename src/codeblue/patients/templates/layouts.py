"""Lays out records of one shape in memory, so that numpy writes all of them at once.

A layout is the text of one record with gaps. It is copied once for each row; then each gap, as a
column, takes the texts of its field. A gap is as wide as the widest text. What a shorter text
leaves over becomes spaces where the format allows it, else NULs, to be taken out of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from codeblue.patients.rows import Text
from codeblue.patients.templates.text import Letters, column

SPACE = b" "[0]
_QUOTE = b'"'[0]


class Padding(Enum):
    """What stands in a gap beside a text that is shorter than the gap."""

    STRING = "quotes around the text, spaces behind them"
    SPACES = "spaces behind the text"
    NULS = "NULs behind the text"


@dataclass(frozen=True)
class Gap:
    """Where a field goes, as wide as its widest text."""

    field: str
    width: int
    padding: Padding


class Memory:
    """Room for records, used again and again: new memory would have to be mapped first."""

    def __init__(self) -> None:
        self._bytes = np.empty(0, dtype=np.uint8)

    def take(self, size: int) -> Letters:
        """So many bytes; they overwrite those that were taken before."""
        if self._bytes.size < size:
            self._bytes = np.empty(size, dtype=np.uint8)
        return self._bytes[:size]


class Layout:
    """The text of one record, ``width`` bytes with its gaps.

    ``packed`` names the fields whose gaps are filled up with NULs.
    """

    def __init__(self, pieces: Iterable[bytes | Gap]) -> None:
        text = bytearray()
        self._gaps: list[tuple[int, Gap]] = []
        for piece in pieces:
            if not isinstance(piece, Gap):
                text += piece
                continue
            quotes = piece.padding is Padding.STRING
            text += b'"' * quotes
            self._gaps.append((len(text), piece))
            text += bytes([SPACE]) * (piece.width + quotes)
        self.width = len(text)
        self.packed = tuple({gap.field for _, gap in self._gaps if gap.padding is Padding.NULS})
        self._text = np.frombuffer(bytes(text), dtype=f"V{self.width}")

    def write(self, fields: Mapping[str, Text], into: Letters) -> None:
        """Write one record into each row of ``into``; its shape is (rows, ``width``)."""
        records = into.reshape(-1).view(f"V{self.width}")
        records[:] = self._text
        for place, gap in self._gaps:
            text = np.ascontiguousarray(fields[gap.field])
            written = text if gap.padding is Padding.NULS else _spaced(text)
            column(records, place, gap.width)[:] = written.view(f"V{gap.width}")
            if gap.padding is Padding.STRING:
                first = np.arange(place, into.size, self.width)
                into.reshape(-1)[first + np.strings.str_len(text)] = _QUOTE


def _spaced(text: Text) -> Text:
    """Texts that are padded with spaces."""
    # A NUL becomes a space, and every other byte is greater. Two arrays take a seventh of the time
    # that an array and a number take.
    bare = text.view(np.uint8)
    return np.maximum(bare, np.full_like(bare, SPACE)).view(text.dtype)
