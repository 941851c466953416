"""Reading the request journals of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codeblue.journal.requests import REQUEST_DTYPE

HEADER = ".names.json"

# No load is planned for more than a day; beyond that a record is what a crash left behind.
_LONGEST = 2 * 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class RequestFile:
    """What one worker recorded of one load.

    ``started`` is second 0 of the load in seconds since the epoch; ``names`` are the pairs of a
    stream and a request that the field ``name`` of ``records`` (``REQUEST_DTYPE``) counts through.
    """

    load: str
    worker: str
    started: float
    names: tuple[tuple[str, str], ...]
    records: NDArray[np.void]


def request_files(run: Path, load: str | None = None) -> Iterator[RequestFile]:
    """What each worker recorded in the run in the folder ``run``, one after the other.

    ``load`` leaves out all other loads. A record that a crash has torn is dropped, and so is a
    file whose header it has torn.
    """
    for path in sorted((run / "requests").glob("*.bin")):
        described = _header(path)
        if described is not None and load in (None, described.load):
            yield replace(described, records=_records(path, len(described.names)))


def _header(path: Path) -> RequestFile | None:
    """The file without its records; None when a crash left the header beside it torn."""
    try:
        facts: dict[str, Any] = orjson.loads(path.with_suffix(HEADER).read_bytes())
        return RequestFile(
            load=str(facts["load"]),
            worker=str(facts["worker"]),
            started=float(facts["started"]),
            names=tuple((str(stream), str(request)) for stream, request in facts["names"]),
            records=np.empty(0, REQUEST_DTYPE),
        )
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _records(path: Path, names: int) -> NDArray[np.void]:
    """The records that are whole: a torn end, a hole, or a name that nobody wrote is left out."""
    records = np.fromfile(path, REQUEST_DTYPE)
    whole = records["name"] < names
    for field in ("intended", "latency", "service"):
        # Comparisons with NaN are false, so this leaves it out, too.
        whole &= (records[field] >= 0) & (records[field] < _LONGEST)
    # A disk that lost its power gives back blocks of zeros.
    whole &= (records["intended"] > 0) | (records["latency"] > 0) | (records["status"] > 0)
    return records if whole.all() else records[whole]
