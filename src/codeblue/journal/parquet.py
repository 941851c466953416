"""The requests of a run as Parquet: ``python -m codeblue.journal.parquet RUN``.

For notebooks and SQL; no report needs it. It is written after the load and in a process of its own,
as pyarrow and its compression cost CPU time that a load or a report should not wait for.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeblue.errors import JournalError
from codeblue.journal.arrivals import Outcome, outcomes
from codeblue.journal.reading import RequestFile, request_files
from codeblue.journal.requests import IN_FLIGHT, TRANSPORT_FAILURE
from codeblue.journal.run import RunDirectory

if TYPE_CHECKING:
    import pyarrow as pa

NAME = "requests.parquet"

_ROWS = 1_000_000  # in a row group, and in memory at once
_NAMED = ["load", "worker", "stream", "request", "outcome"]


@contextmanager
def converting(run: RunDirectory) -> Iterator[None]:
    """Have ``requests.parquet`` of ``run`` written while the block runs, and wait for it.

    Raises:
        JournalError: it could not be written.
    """
    log = run.logs / "parquet.log"
    command = [sys.executable, "-m", __name__, str(run.path)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield
        failed = process.wait()
    finally:
        process.kill()
        process.wait()
    if failed:
        raise JournalError(
            f"{run.path / NAME}: not written; the report does not need it. See {log}, then run: "
            f"python -m {__name__} {run.path}"
        )


def write_parquet(run: Path) -> Path | None:
    """Write ``requests.parquet`` into the folder ``run``; nothing when it recorded no request.

    A row is a request. ``stream`` and ``due`` (seconds from the start of the load) tell which
    arrival it belongs to; ``intended`` is ``due`` as a moment; ``latency`` and ``service`` are in
    seconds; ``outcome`` is "ok", "failed" or "in flight"; ``status`` is null without an answer.
    """
    import pyarrow.parquet as pq

    fresh, batches = run / f"{NAME}.new", _batches(run)
    first = next(batches, None)
    if first is None:
        return None
    options = {"compression": "zstd", "use_dictionary": _NAMED}
    try:
        with pq.ParquetWriter(fresh, first.schema, **options) as writer:
            for batch in chain([first], batches):
                writer.write_batch(batch)
        return fresh.replace(run / NAME)
    finally:
        fresh.unlink(missing_ok=True)


def _batches(run: Path) -> Iterator[pa.RecordBatch]:
    for file in request_files(run):
        for start in range(0, len(file.records), _ROWS):
            yield _batch(file, file.records[start : start + _ROWS])


def _batch(file: RequestFile, records: NDArray[np.void]) -> pa.RecordBatch:
    """Some records of ``file``. Built from buffers: ``pyarrow.array`` would import pandas."""
    import pyarrow as pa

    answered = (records["status"] != IN_FLIGHT) & (records["status"] != TRANSPORT_FAILURE)
    everywhere = np.zeros(len(records), np.uint16)
    intended = np.rint((records["intended"] + file.started) * 1e6).astype(np.int64)
    ends = [outcome.name.lower().replace("_", " ") for outcome in Outcome]
    streams, requests = zip(*file.names, strict=True)
    return pa.RecordBatch.from_pydict(
        {
            "load": _named(everywhere, [file.load]),
            "worker": _named(everywhere, [file.worker]),
            "stream": _named(records["name"], streams),
            "request": _named(records["name"], requests),
            "due": _column(pa.float64(), records["intended"]),
            "intended": _column(pa.timestamp("us", "UTC"), intended),
            "latency": _column(pa.float32(), records["latency"]),
            "service": _column(pa.float32(), records["service"]),
            "status": _column(pa.uint16(), records["status"], answered),
            "outcome": _named(outcomes(records["status"]).astype(np.uint16), ends),
        }
    )


def _column(
    kind: pa.DataType, values: NDArray[Any], known: NDArray[np.bool_] | None = None
) -> pa.Array:
    import pyarrow as pa

    valid = None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, len(values), [valid, data])


def _named(numbers: NDArray[np.uint16], names: Sequence[str]) -> pa.Array:
    import pyarrow as pa

    texts = [name.encode() for name in names]
    offsets = np.cumsum([0, *map(len, texts)], dtype=np.int32)
    words = pa.StringArray.from_buffers(
        len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(texts))
    )
    return pa.DictionaryArray.from_arrays(_column(pa.uint16(), numbers), words)


def main(arguments: list[str]) -> None:
    """The command line: one argument, the folder of a run."""
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        sys.exit("usage: python -m codeblue.journal.parquet RUN (the folder of a run)")
    write_parquet(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
