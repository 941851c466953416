"""The truth of a shard as Parquet: what is wrong with which record, and who is the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codeblue.patients.dirt import Labels
from codeblue.patients.linkage import linkage
from codeblue.patients.people.persons import Persons
from codeblue.patients.population import Population
from codeblue.patients.writing.files import ShardFiles

if TYPE_CHECKING:
    import pyarrow as pa

_REPEATED = ["resource", "part", "place", "kind"]


class Truth:
    """``truth/labels.<shard>.parquet`` and ``truth/linkage.<shard>.parquet``."""

    def __init__(self, files: ShardFiles, number: int) -> None:
        self._files = files
        self._number = number
        self._labels: list[pa.Table] = []
        self._linkage: list[pa.Table] = []

    def add(self, population: Population, persons: Persons, labels: Labels) -> None:
        """The truth about a chunk of persons."""
        # Kept as columns: a label as an object takes ten times the memory.
        self._labels.append(labels.table())
        self._linkage.append(linkage(population, persons))

    def close(self) -> None:
        """Write both files."""
        self._write("labels", self._labels, _REPEATED)
        self._write("linkage", self._linkage, [])

    def _write(self, name: str, tables: list[pa.Table], repeated: list[str]) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        stream = self._files.open(f"truth/{name}.{self._number:05}.parquet")
        # A dictionary of ids, which are all different, takes longer than all the rest.
        parquet.write_table(
            pa.concat_tables(tables), stream, compression="zstd", use_dictionary=repeated
        )
