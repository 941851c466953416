"""FHIR R4 as NDJSON: a file per institution and resource type, plain or as one zstd frame."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import fhir_rows
from codeblue.patients.writing.writer import Writer


class Ndjson(Writer):
    """One resource per line."""

    suffix = "ndjson"
    known = fhir_rows.RESOURCES

    def write(self, persons: Persons, institution: int) -> None:
        """Write the resources of one institution."""
        renderer = _renderer(self.population.workspace)
        made = fhir_rows.rows(self.population, persons, institution, self.wanted)
        for rows in self.spoil(renderer.used(rows) for rows in made):
            self.stream(institution, rows.resource).write(renderer.render(rows))


class NdjsonZstd(Ndjson):
    """The same lines, each file one zstd frame."""

    suffix = "ndjson.zst"

    def open(self, name: str) -> BinaryIO:
        """A new file that takes lines and holds their compressed bytes."""
        import pyarrow as pa

        return cast(BinaryIO, pa.CompressedOutputStream(super().open(name), "zstd"))


@lru_cache(maxsize=1)
def _renderer(workspace: Path | None) -> FhirRenderer:
    return FhirRenderer(workspace)
