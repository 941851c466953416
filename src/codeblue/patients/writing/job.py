"""What is to be written, and what was: both small, picklable and the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from codeblue.patients.population import Population, load_population

SHARD = 65_536
"""Persons of one shard, the unit of work: what one worker writes, and what a run can lose."""
CHUNK = 8192
"""Persons that are drawn and rendered at a time, so that their columns stay in the cache."""


@dataclass(frozen=True)
class Job:
    """A population as files of one format below ``out``.

    ``population`` is the name or the path of a population file, ``wanted`` are the FHIR resource
    types, HL7 v2 message types or tables that are wanted; all when empty. ``shard`` is a multiple
    of ``chunk``, so that how persons are put into shards never changes the order of their rows.
    """

    population: str
    size: int
    seed: int
    out: Path
    format: str = "ndjson"
    wanted: tuple[str, ...] = ()
    workspace: Path | None = None
    shard: int = SHARD
    chunk: int = CHUNK

    @property
    def shards(self) -> range:
        """The numbers of all shards."""
        return range(-(-self.size // self.shard))

    def persons(self, number: int) -> range:
        """The persons of shard ``number``."""
        start = number * self.shard
        return range(start, min(start + self.shard, self.size))

    def chunks(self, number: int) -> Iterator[range]:
        """The persons of shard ``number``, so many at a time as are drawn together."""
        persons = self.persons(number)
        for start in range(persons.start, persons.stop, self.chunk):
            yield range(start, min(start + self.chunk, persons.stop))

    def load(self) -> Population:
        """The population; a process that writes many shards of it reads its files once."""
        return _load(self.population, self.workspace, self.seed, self.size)


@lru_cache(maxsize=1)
def _load(name: str, workspace: Path | None, seed: int, size: int) -> Population:
    return load_population(name, workspace, seed=seed, size=size)


@dataclass(frozen=True)
class Written:
    """What shards came to: how many persons, records, files, bytes and labels of their dirt."""

    persons: int = 0
    files: int = 0
    bytes: int = 0
    counts: Counter[str] = field(default_factory=Counter)  # records by type
    labels: Counter[str] = field(default_factory=Counter)  # by kind of dirt

    def __add__(self, other: Written) -> Written:
        return Written(
            self.persons + other.persons,
            self.files + other.files,
            self.bytes + other.bytes,
            self.counts + other.counts,
            self.labels + other.labels,
        )
