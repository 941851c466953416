"""The request journal: 20 bytes per request, one file per load and worker."""

from __future__ import annotations

import errno
import os
from io import FileIO
from pathlib import Path
from struct import Struct

import numpy as np
import orjson

from codeblue.errors import JournalError

# Little-endian and packed, so that any worker's file reads alike on any machine.
REQUEST_DTYPE = np.dtype(
    [
        ("intended", "<f8"),  # when its arrival was due, seconds from the start of the load
        ("latency", "<f4"),  # done - intended, seconds; the age so far when in flight
        ("service", "<f4"),  # done - sent, seconds; 0 when never sent
        ("name", "<u2"),  # index into the names beside the file
        ("status", "<u2"),  # HTTP status, or one of the two below
    ]
)
TRANSPORT_FAILURE = 0
IN_FLIGHT = 65535

MOST_NAMES = 1000
OTHER = "(other)"

_RECORD = Struct("<dffHH")
_BUFFERED = 4096  # records


class RequestWriter:
    """Appends request records to ``<folder>/<load>-<worker>.bin``.

    All requests of one arrival carry the same ``intended``, so an arrival can be told from its
    neighbours, and the latency of its last request is that of the whole journey.

    ``add`` only packs into a buffer; ``flush`` writes it. Flush on a timer (<= 0.5 s), so that a
    killed worker loses little. The header beside the file, ``.names.json``, holds ``started`` (when
    second 0 was, seconds since the epoch) and ``names``, pairs of a journey and a request.
    """

    def __init__(self, folder: Path, load: str, worker: str, started: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{load}-{worker}.bin"
        self._header = {"load": load, "worker": worker, "started": started}
        self._names: dict[tuple[str, str], int] = {}
        self._described = -1
        self._buffer = bytearray(_BUFFERED * _RECORD.size)
        self._used = 0
        self._file = self._path.open("ab", buffering=0)

    def name(self, journey: str, request: str) -> int:
        """The number under which ``request`` of ``journey`` is recorded.

        Beyond 1000 names, as of a journey that puts ids into them, all others share ``(other)``.
        """
        known = self._names.get((journey, request))
        if known is not None:
            return known
        if len(self._names) >= MOST_NAMES and request != OTHER:
            return self.name(journey, OTHER)
        return self._names.setdefault((journey, request), len(self._names))

    def add(self, intended: float, latency: float, service: float, name: int, status: int) -> None:
        """Record one request; times in seconds."""
        if self._used == len(self._buffer):
            self.flush()
        _RECORD.pack_into(self._buffer, self._used, intended, latency, service, name, status)
        self._used += _RECORD.size

    def flush(self) -> None:
        """Write what was added since the last flush, and first the names that it uses.

        Raises:
            JournalError: the disk is full.
        """
        try:
            if self._described < len(self._names):
                self._describe()
            _write_all(self._file, memoryview(self._buffer)[: self._used])
        except OSError as error:
            raise JournalError(
                f"{self._path}: cannot be written ({error.strerror}). Free some space."
            ) from error
        self._used = 0

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        self._file.close()

    def _describe(self) -> None:
        """Replace the header as a whole, so that a reader never sees half of one."""
        path = self._path.with_suffix(".names.json")
        fresh = path.with_suffix(".new")
        fresh.write_bytes(orjson.dumps({**self._header, "names": list(self._names)}))
        fresh.replace(path)
        self._described = len(self._names)


def _write_all(file: FileIO, records: memoryview) -> None:
    """A filling disk takes a part and says nothing; records after it would be out of step."""
    if file.write(records) < len(records):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
