"""What the formats have in common: rows are spoiled and counted, and go to files by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, ClassVar

from codeblue.patients.dirt import Labels, inject
from codeblue.patients.people.persons import Persons
from codeblue.patients.population import Population
from codeblue.patients.rows import Rows
from codeblue.patients.writing.files import ShardFiles


class Writer(ABC):
    """Puts what institutions keep of persons into the files of one shard.

    ``known`` are the types of records that a format has; those that are ``wanted`` are written,
    all when it is empty. ``counts`` says how many there were of each.
    """

    suffix: ClassVar[str]
    known: ClassVar[tuple[str, ...]]

    def __init__(
        self, population: Population, files: ShardFiles, number: int, wanted: tuple[str, ...]
    ) -> None:
        self.population = population
        self.wanted = wanted
        self.counts: Counter[str] = Counter()
        self._files = files
        self._number = number
        self.streams: dict[str, BinaryIO] = {}
        self._labels: list[Labels] = []

    @abstractmethod
    def write(self, persons: Persons, institution: int) -> None:
        """Write what the institution with this index keeps of ``persons``."""

    def open(self, name: str) -> BinaryIO:
        """A new file below the folder of the population."""
        return self._files.open(name)

    def close(self) -> None:
        """Write what is still held back."""
        for stream in self.streams.values():
            stream.close()

    def note(self, labels: Labels) -> None:
        """Keep labels of what is written."""
        self._labels.append(labels)

    def labels(self) -> Labels:
        """What is wrong with the records written since this was asked last."""
        labels, self._labels = Labels.join(self._labels), []
        return labels

    def stream(self, institution: int, name: str) -> BinaryIO:
        """The shard's file for what the institution keeps under ``name``."""
        slug = self.population.institutions[institution].slug
        path = f"{slug}/{name}.{self._number:05}.{self.suffix}"
        if path not in self.streams:
            self.streams[path] = self.open(path)
        return self.streams[path]

    def spoil(self, blocks: Iterable[Rows]) -> Iterator[Rows]:
        """The blocks that have any rows, with the dirt that their institutions are prone to."""
        for rows in blocks:
            if len(rows):
                faults = self.population.institutions[rows.institution].profile.faults
                self.note(inject(rows, faults, self.population.mess, self.population))
                self.counts[rows.resource] += len(rows)
                yield rows
