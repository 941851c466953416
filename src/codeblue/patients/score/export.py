"""Reads what a platform kept: FHIR NDJSON, or Parquet with one row for each record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.rows.table_rows import TABLE_OF
from codeblue.patients.score.resources import FIELDS, Kept, kept_resource, text

Export = dict[str, dict[str, Kept]]  # type -> id -> record

TYPES = {table: kind for kind, table in TABLE_OF.items()}
"""Which type of resource the rows of a table are."""

_SUFFIXES = (".ndjson", ".parquet")
_NOT_KEPT = "truth"


def read_export(paths: Iterable[Path]) -> Export:
    """All records in these files, and in the files below these folders.

    Raises:
        UsageError: a file is missing or holds something else, or there is no record in any.
    """
    export: Export = defaultdict(dict)
    for path in _files(paths):
        reader = _resources if path.suffix == ".ndjson" else _rows
        for kind, record in reader(path):
            export[kind][record.id] = record
    if not export:
        raise UsageError("nothing kept: no *.ndjson or *.parquet with records. Name an export.")
    return dict(export)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = sorted(path.rglob("*"))
            yield from (
                file
                for file in inside
                if file.suffix in _SUFFIXES and _NOT_KEPT not in file.relative_to(path).parts
            )
        elif path.suffix in _SUFFIXES and path.is_file():
            yield path
        else:
            raise UsageError(
                f"{path}: no folder, and no *.ndjson or *.parquet file. Name an export."
            )


def _resources(path: Path) -> Iterator[tuple[str, Kept]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield from _of(_parsed(line, f"{path}:{number}"))


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        resource = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"{where}: not valid JSON ({error}). Export one resource per line."
        ) from error
    if not isinstance(resource, dict) or "resourceType" not in resource:
        raise UsageError(f"{where}: no resourceType. Export one FHIR resource per line.")
    return resource


def _of(resource: dict[str, Any]) -> Iterator[tuple[str, Kept]]:
    if resource["resourceType"] == "Bundle":
        for entry in resource.get("entry") or ():
            yield from _of(entry.get("resource") or {"resourceType": ""})
    elif resource["resourceType"] in FIELDS:
        yield resource["resourceType"], kept_resource(resource)


def _rows(path: Path) -> Iterator[tuple[str, Kept]]:
    from pyarrow import parquet

    name = path.name.partition(".")[0]
    kind = TYPES.get(name, name)
    if kind not in FIELDS:
        advice = did_you_mean(name, [*TYPES, *FIELDS])
        raise UsageError(f'{path}: no type of records is called "{name}". {advice}')
    for batch in parquet.ParquetFile(path).iter_batches():
        for row in batch.to_pylist():
            yield kind, _kept_row(row, path)


def _kept_row(row: dict[str, Any], path: Path) -> Kept:
    texts = {name: text(value) for name, value in row.items()}
    if not texts.get("id"):
        raise UsageError(f'{path}: a row without an "id". Export the ids too.')
    number = texts.get("record_number", "")
    identifiers = ((texts.get("record_number_system", ""), number),) if number else ()
    return Kept(texts["id"], texts, identifiers)
