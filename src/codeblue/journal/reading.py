"""Reading the request journals of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from codeblue.journal.requests import REQUEST_DTYPE

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["load", "worker", "journey", "request", "intended", "latency", "service", "status"]
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
        header = _header(path)
        if header is not None and load in (None, header.load):
            yield RequestFile(
                header.load, header.worker, header.started, header.names, _records(path, header)
            )


@dataclass(frozen=True, slots=True)
class _Header:
    load: str
    worker: str
    started: float
    names: tuple[tuple[str, str], ...]


def _header(path: Path) -> _Header | None:
    """The header beside the records; None when a crash left it torn."""
    try:
        facts: dict[str, Any] = orjson.loads(path.with_suffix(HEADER).read_bytes())
        names = tuple((str(stream), str(request)) for stream, request in facts["names"])
        return _Header(str(facts["load"]), str(facts["worker"]), float(facts["started"]), names)
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _records(path: Path, header: _Header) -> NDArray[np.void]:
    """The records that are whole: a torn end, a hole, or a name that nobody wrote is left out."""
    records = np.fromfile(path, REQUEST_DTYPE)
    intended, latency = records["intended"], records["latency"]
    # Comparisons with NaN are false, so this leaves it out, too.
    whole = (intended >= 0) & (intended < _LONGEST) & (latency >= 0) & (latency < _LONGEST)
    whole &= records["name"] < len(header.names)
    # A disk that lost its power gives back blocks of zeros.
    whole &= (intended > 0) | (latency > 0) | (records["status"] > 0)
    return records if whole.all() else records[whole]


def read_requests(run: Path) -> pd.DataFrame:
    """All requests of the run in the folder ``run``.

    Columns: ``load``, ``worker``, ``journey``, ``request`` (names), ``intended`` (seconds since the
    epoch), ``latency``, ``service`` (seconds), ``status``. A record torn by a crash is dropped.
    """
    import pandas as pd

    frames = [_frame(file) for file in request_files(run) if len(file.records)]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in _COLUMNS})
    return pd.concat(frames, ignore_index=True)[_COLUMNS]


def _frame(file: RequestFile) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(file.records)
    names = np.array(file.names, dtype=object)[file.records["name"]]
    frame["journey"], frame["request"] = names.T
    frame["intended"] += file.started
    return frame.assign(load=file.load, worker=file.worker)
