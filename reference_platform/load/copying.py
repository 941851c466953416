"""Copies a file through one connection, which prepares lines while the server stores others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from reference_platform.load import packing
from reference_platform.load.preparing import (
    IDENTIFIER_COLUMNS,
    RESOURCE_COLUMNS,
    Preparation,
    Prepared,
)
from reference_platform.load.reading import blocks

_IDENTIFIERS = 100_000  # rows that wait in memory until a COPY of resources ends

Progress = Callable[[int], None]
"""Told how many resources of the file have been copied."""


@dataclass
class Copying:
    """A file on its way: what has been copied so far, and the seconds that preparing took.

    Args:
        file: what is copied.
        preparation: how its lines become rows.
        progress: hears of every block.
        sequence: the place of its first line in the order of rows.
    """

    file: Path
    preparation: Preparation
    progress: Progress
    sequence: int = 0
    resources: int = 0
    preparing: float = 0.0
    patients: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    _identifiers: list[bytes] = field(default_factory=list)

    async def run(self, connection: Any) -> None:
        """Copy all of it. Raises InputError for a bad line, OSError or asyncpg.PostgresError."""
        source = self._prepared()
        for first in source:
            await connection.copy_to_table(
                "resources", columns=RESOURCE_COLUMNS, format="binary",
                source=self._resources(first, source),
            )  # fmt: skip
            waiting, self._identifiers = self._identifiers, []
            if waiting:
                await connection.copy_to_table(
                    "identifiers", columns=IDENTIFIER_COLUMNS, format="binary",
                    source=_stream(waiting),
                )  # fmt: skip

    def _prepared(self) -> Iterator[Prepared]:
        first = 0
        for lines in blocks(self.file):
            began = perf_counter()
            prepared = self.preparation.prepare(first, lines, self.sequence)
            self.preparing += perf_counter() - began
            first += prepared.lines
            self.patients |= prepared.patients
            self.subjects |= prepared.subjects
            self._identifiers += prepared.identifiers
            yield prepared
            self.resources += prepared.count
            self.progress(self.resources)

    async def _resources(self, first: Prepared, source: Iterator[Prepared]) -> AsyncIterator[bytes]:
        """The data of one COPY: `first`, and what follows until too many identifiers wait."""
        yield packing.HEADER
        yield b"".join(first.resources)
        while len(self._identifiers) < _IDENTIFIERS and (following := next(source, None)):
            yield b"".join(following.resources)
        yield packing.TRAILER


async def _stream(rows: list[bytes]) -> AsyncIterator[bytes]:
    yield packing.HEADER
    yield b"".join(rows)
    yield packing.TRAILER
