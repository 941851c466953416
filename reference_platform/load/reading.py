"""Files of FHIR resources as blocks of JSON lines.

`.ndjson`, `.ndjson.zst` and `.ndjson.gz` hold one resource per line. `.parquet` holds one per row:
as JSON in a column `resource`, or in columns that are named and nested as FHIR has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from reference_platform.load.errors import InputError

_BLOCK = 256 * 1024  # bytes
_ROWS = 4096


def blocks(file: Path) -> Iterator[bytes]:
    """Whole lines, with line breaks between them.

    Raises InputError for a file that is damaged or of no known format, OSError if it is not there.
    """
    if file.suffix == ".parquet":
        yield from _parquet(file)
    elif file.name.endswith(".ndjson"):
        with file.open("rb") as stream:
            yield from _lines(stream)
    elif file.name.endswith((".ndjson.zst", ".ndjson.gz")):
        yield from _compressed(file)
    else:
        raise InputError("not a format that is known. Name .ndjson, .ndjson.zst or .parquet files.")


def _lines(stream: Any) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(_BLOCK):
        whole, newline, tail = (rest + block).rpartition(b"\n")
        if newline:
            yield whole
        rest = tail
    if rest:
        yield rest


def _compressed(file: Path) -> Iterator[bytes]:
    import pyarrow as pa

    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            yield from _lines(stream)
    except pa.ArrowInvalid as error:
        raise InputError(f"damaged: {error}.") from error


def _parquet(file: Path) -> Iterator[bytes]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        for batch in parquet.ParquetFile(file).iter_batches(_ROWS):
            if batch.num_rows:  # no row is no line
                yield b"\n".join(_rows(batch))
    except pa.ArrowInvalid as error:
        raise InputError(f"not Parquet, or damaged: {error}.") from error


def _rows(batch: Any) -> list[bytes]:
    if "resource" in batch.schema.names:
        column = batch.column("resource").to_pylist()
        return [_one_line(each) for each in column]
    return [orjson.dumps(_without_nulls(row)) for row in batch.to_pylist()]


def _one_line(text: str | bytes | None) -> bytes:
    """In JSON a line break is never more than a space."""
    raw = text.encode() if isinstance(text, str) else text or b"null"
    return raw.replace(b"\n", b" ")


def _without_nulls(value: Any) -> Any:
    """What FHIR knows no null for, Parquet does: an absent field."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    return value
