"""The request journal: 20 bytes per request, one file per load and worker."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from codeblue.errors import JournalError

if TYPE_CHECKING:
    import pandas as pd

# Little-endian and packed, so that any worker's file reads alike on any machine.
REQUEST_DTYPE = np.dtype(
    [
        ("intended", "<f8"),  # when the request was due, seconds since the epoch
        ("latency", "<f4"),  # done - intended, seconds; the age so far when in flight
        ("service", "<f4"),  # done - sent, seconds
        ("journey", "<u2"),  # index into the names beside the file
        ("status", "<u2"),  # HTTP status, or one of the two below
    ]
)
TRANSPORT_FAILURE = 0
IN_FLIGHT = 65535

_COLUMNS = ["load", "worker", "journey", "intended", "latency", "service", "status"]


class RequestWriter:
    """Appends request records to ``<folder>/<load>-<worker>.bin``.

    ``add`` only packs into a buffer; ``flush`` writes it. Flush on a timer (<= 0.5 s), so that a
    killed worker loses little.
    """

    def __init__(self, folder: Path, load: str, worker: str, journeys: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{load}-{worker}.bin"
        header = {"load": load, "worker": worker, "journeys": list(journeys)}
        self._path.with_suffix(".names.json").write_bytes(orjson.dumps(header))
        self._buffer = np.zeros(1024, REQUEST_DTYPE)
        self._used = 0
        self._file = self._path.open("ab", buffering=0)

    def add(
        self, intended: float, latency: float, service: float, journey: int, status: int
    ) -> None:
        """Record one request; times in seconds."""
        if self._used == len(self._buffer):
            self.flush()
        self._buffer[self._used] = (intended, latency, service, journey, status)
        self._used += 1

    def flush(self) -> None:
        """Write what was added since the last flush.

        Raises:
            JournalError: the disk is full.
        """
        try:
            _write_all(self._file, self._buffer[: self._used].tobytes())
        except OSError as error:
            raise JournalError(
                f"{self._path}: cannot be written ({error.strerror}). Free some space."
            ) from error
        self._used = 0

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        self._file.close()


def _write_all(file: FileIO, records: bytes) -> None:
    """A filling disk takes a part and says nothing; records after it would be out of step."""
    if file.write(records) < len(records):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def read_requests(run: Path) -> pd.DataFrame:
    """All requests of the run in the folder ``run``.

    Columns: ``load``, ``worker``, ``journey`` (names), ``intended``, ``latency``, ``service``
    (seconds), ``status``. A record torn by a crash is dropped.
    """
    import pandas as pd

    frames = list(_frames(run / "requests"))
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in _COLUMNS})
    return pd.concat(frames, ignore_index=True)[_COLUMNS]


def _frames(folder: Path) -> Iterator[pd.DataFrame]:
    import pandas as pd

    for path in sorted(folder.glob("*.bin")):
        header, records = _header(path), _records(path)
        if header is None or not len(records):
            continue
        frame = pd.DataFrame(records)
        names = np.array(header["journeys"], dtype=object)
        frame["journey"] = names[records["journey"]]
        yield frame.assign(load=header["load"], worker=header["worker"])


def _header(path: Path) -> dict[str, Any] | None:
    """The names beside the records; None when a crash left them torn."""
    try:
        header = orjson.loads(path.with_suffix(".names.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return header if isinstance(header, dict) else None


def _records(path: Path) -> np.ndarray:
    raw = path.read_bytes()
    whole = len(raw) - len(raw) % REQUEST_DTYPE.itemsize
    return np.frombuffer(raw[:whole], REQUEST_DTYPE)
