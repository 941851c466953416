"""What was sent, and what of it was true: regenerated from what ``population.json`` asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from codeblue.errors import UsageError
from codeblue.patients.dirt import Label
from codeblue.patients.population import Population, load_population
from codeblue.patients.rows import Rows, fhir_rows, table_rows
from codeblue.patients.score.export import TYPES

_MANIFEST = "population.json"
_CHUNK = 4096
_FHIR, _TABLES = ("ndjson", "ndjson.zst"), ("parquet", "sql")


@dataclass(frozen=True)
class Linked:
    """One Patient record of the linkage table."""

    record: str
    institution: int
    number: str
    person: int


class Sent:
    """A folder that ``codeblue data generate`` wrote."""

    def __init__(self, folder: Path) -> None:
        self._root = _root(folder)
        self._asked = _manifest(self._root / _MANIFEST)

    @cached_property
    def population(self) -> Population:
        """Who it is all about."""
        name, seed, size = (self._asked[key] for key in ("population", "seed", "size"))
        return load_population(str(name), seed=int(seed), size=int(size))

    @cached_property
    def labels(self) -> dict[tuple[str, str], list[Label]]:
        """By type and id of the record, in the order in which they were made."""
        labels: dict[tuple[str, str], list[Label]] = defaultdict(list)
        for row in self._truth("labels"):
            label = Label(**row)
            labels[label.resource, label.record].append(label)
        return labels

    @cached_property
    def linkage(self) -> list[Linked]:
        """All Patient records."""
        return [
            Linked(row["record"], row["institution"], row["record_number"], row["person"])
            for row in self._truth("linkage")
        ]

    def check(self) -> None:
        """Make sure that the population is still the one that was sent.

        Raises:
            UsageError: its file was changed since.
        """
        population = self.population
        persons = population.persons(0, min(_CHUNK, population.size))
        known = {one.record for one in self.linkage}
        for institution in range(len(population.institutions)):
            records = population.records(persons, institution)
            if not known.issuperset(record.decode() for record in records.id.tolist()):
                raise UsageError(
                    f'{self._root}: population "{self._asked["population"]}" was changed since '
                    "this was generated. Generate it again."
                )

    def clean_rows(self, kind: str) -> Iterator[Rows]:
        """What would have been sent of a type of resource if nothing had gone wrong."""
        population, make = self.population, self._make
        wanted = [name for name in self._resources if TYPES.get(name, name) == kind]
        for start in range(0, population.size if wanted else 0, _CHUNK):
            persons = population.persons(start, min(start + _CHUNK, population.size))
            for institution in range(len(population.institutions)):
                yield from make(population, persons, institution, wanted)

    @property
    def _resources(self) -> Sequence[str]:
        if wanted := self._asked["wanted"]:
            return [str(name) for name in wanted]
        return fhir_rows.RESOURCES if self._asked["format"] in _FHIR else table_rows.TABLES

    @property
    def _make(self) -> Callable[..., Iterator[Rows]]:
        form = str(self._asked["format"])
        if form in _FHIR:
            return fhir_rows.rows
        if form in _TABLES:
            return table_rows.rows
        raise UsageError(
            f"{self._root}: holds {form}, which is not scored. "
            f"Generate it again as one of {', '.join((*_FHIR, *_TABLES))}."
        )

    def _truth(self, name: str) -> Iterator[dict[str, Any]]:
        from pyarrow import parquet

        files = sorted((self._root / "truth").glob(f"{name}.*.parquet"))
        if not files:
            raise UsageError(
                f"{self._root}: no truth/{name}.*.parquet. Name a folder of codeblue data generate."
            )
        for file in files:
            for batch in parquet.ParquetFile(file).iter_batches():
                yield from batch.to_pylist()


def _root(folder: Path) -> Path:
    """The folder itself, or the one above when it is the ``truth`` in it."""
    for root in (folder, folder.parent):
        if (root / _MANIFEST).is_file():
            return root
    raise UsageError(
        f"{folder}: no {_MANIFEST} here. Name a folder that codeblue data generate wrote."
    )


def _manifest(path: Path) -> dict[str, Any]:
    asked: dict[str, Any] = orjson.loads(path.read_bytes())
    if "written" not in asked:
        raise UsageError(f"{path}: the run was interrupted. Run codeblue data generate again.")
    return asked
