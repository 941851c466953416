"""The event journal: one JSON object a line, on disk before the next thing happens."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import orjson

from codeblue.errors import JournalError
from codeblue.journal.run import RunDirectory

Event = dict[str, Any]

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class Journal:
    """Appends events to a run. Several processes may append to the same run at once.

    Each event is one ``write`` to a file opened for appending, followed by ``fsync``, so a line is
    either whole or (after a crash or a full disk) torn at the very end.
    """

    def __init__(self, run: RunDirectory) -> None:
        self.run = run

    def event(self, kind: str, **fields: Any) -> None:
        """Record that ``kind`` happened now, with JSON-compatible ``fields``.

        Raises:
            JournalError: the disk is full, or the folder is gone.
        """
        event = {"at": time.time(), "kind": kind, **fields}
        line = orjson.dumps(event, default=str, option=_OPTIONS) + b"\n"
        try:
            _append(self.run.events, line)
        except OSError as error:
            raise JournalError(
                f"{self.run.events}: cannot be written ({error.strerror}), so the run ends here. "
                "Free some space and run again; what was measured until now is kept."
            ) from error


def _append(path: Path, line: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_events(run: Path) -> list[Event]:
    """All events of the run in the folder ``run``, in the order written.

    A torn line, as a crash or a full disk leaves it, is dropped. A run without events is empty.
    """
    path = run / "events.jsonl"
    if not path.is_file():
        return []
    events = (_parse(line) for line in path.read_bytes().splitlines())
    return [event for event in events if event is not None]


def _parse(line: bytes) -> Event | None:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "kind" in event else None


class Tail:
    """Follows the event journal of a run while others write it."""

    def __init__(self, run: RunDirectory) -> None:
        self._path = run.events
        self._offset = 0

    def new(self) -> list[Event]:
        """The events written since the last call; a line not yet whole waits for the next."""
        if not self._path.is_file():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            whole, _, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + 1 if whole else 0
        events = (_parse(line) for line in whole.splitlines())
        return [event for event in events if event is not None]
