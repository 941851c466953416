"""Files of FHIR resources as blocks of JSON lines.

`.ndjson`, `.ndjson.zst` and `.ndjson.gz` hold one resource per line. `.parquet` holds one per row:
as JSON in a column `resource`, or in columns that are named and nested as FHIR has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import orjson

from reference_platform.load.errors import InputError

PARTS = 2
"""How many processes load one file."""
_BLOCK = 4 * 1024 * 1024  # bytes; one COPY each
_ROWS = 4096


def parts(file: Path) -> int:
    """Into how many parts `file` can be cut that are read at the same time; InputError if none."""
    if file.name.endswith(".ndjson"):
        return PARTS if file.stat().st_size > _BLOCK else 1
    if file.suffix == ".parquet" or file.name.endswith((".ndjson.zst", ".ndjson.gz")):
        return 1
    raise InputError("not a format that is known. Name .ndjson, .ndjson.zst or .parquet files.")


def blocks(file: Path, part: int, of: int) -> Iterator[tuple[int, bytes]]:
    """Whole lines of one part, and the number of the first, counted from 0 in that part.

    Raises InputError for a file that is damaged, OSError when it is not there.
    """
    if file.suffix == ".parquet":
        yield from _parquet(file)
    elif file.name.endswith(".ndjson"):
        begin, end = _bounds(file, part, of)
        with file.open("rb") as stream:
            stream.seek(begin)
            yield from _lines(stream, end - begin)
    else:
        yield from _compressed(file)


def lines_before(file: Path, part: int, of: int) -> int:
    """How many lines of `file` come before that part; only asked when something is wrong."""
    if part == 0:
        return 0
    left, count = _bounds(file, part, of)[0], 0
    with file.open("rb") as stream:
        while block := stream.read(min(_BLOCK, left)):
            left, count = left - len(block), count + block.count(b"\n")
    return count


def _bounds(file: Path, part: int, of: int) -> tuple[int, int]:
    """Where the part begins and ends, in bytes: at the ends of lines."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        return _line_after(stream, size * part // of), _line_after(stream, size * (part + 1) // of)


def _line_after(stream: IO[bytes], position: int) -> int:
    if position:
        stream.seek(position - 1)
        stream.readline()
        return stream.tell()
    return 0


def _lines(stream: Any, left: float = math.inf) -> Iterator[tuple[int, bytes]]:
    number, rest = 0, b""
    while block := stream.read(min(_BLOCK, left)):
        left -= len(block)
        whole, newline, tail = (rest + block).rpartition(b"\n")
        if newline:
            yield number, whole
            number += whole.count(b"\n") + 1
        rest = tail
    if rest:
        yield number, rest


def _compressed(file: Path) -> Iterator[tuple[int, bytes]]:
    import pyarrow as pa

    try:
        with pa.input_stream(str(file), compression="detect") as stream:
            yield from _lines(stream)
    except pa.ArrowInvalid as error:
        raise InputError(f"damaged: {error}.") from error


def _parquet(file: Path) -> Iterator[tuple[int, bytes]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        number = 0
        for batch in parquet.ParquetFile(file).iter_batches(_ROWS):
            yield number, b"\n".join(_rows(batch))
            number += batch.num_rows
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
