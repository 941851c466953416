"""The write-ahead record of faults: what may be in place, on disk before anything is broken.

``faults.jsonl`` in the folder of a run holds a line before each injection and one after each
healing, fsynced, so what is left can be read off it whoever was killed, and when.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from codeblue.errors import JournalError
from codeblue.faults.fault import Fault, Trace
from codeblue.faults.ground import Ground

FILE = "faults.jsonl"
_INTENDED = "injecting"
_STRUCK = ("healed", "guardian-healed")


@dataclass(frozen=True)
class StandingFault:
    """A fault that may be in place, and everything that healing it takes, as JSON."""

    fault: str
    type: str
    place: str
    attributes: dict[str, Any]
    ground: dict[str, Any]
    trace: Trace

    @classmethod
    def of(cls, fault: Fault, ground: Ground, trace: Trace) -> Self:
        """``fault`` as it is about to be injected; named by owner, place and type."""
        name = f"{ground.owner}/{fault.place}/{fault.type}"
        plain = asdict(ground) | {"processes": dict(ground.processes)}
        return cls(name, fault.type, fault.place, fault.attributes, plain, trace)

    def rebuilt(self) -> tuple[Fault, Ground]:
        """The fault and its ground, in any process."""
        from codeblue.faults.factory import make

        return make(self.type, self.place, **self.attributes), Ground(**self.ground)

    @property
    def record(self) -> Record | None:
        """The record that it belongs in, when its ground has a folder."""
        folder = self.ground["folder"]
        return Record(Path(folder)) if folder else None

    @property
    def said(self) -> str:
        """Where and what, for a sentence."""
        return f"{self.place}: {self.type}"


class Record:
    """The record of one run. Any number of processes append to it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.path = run / FILE

    def intend(self, standing: StandingFault) -> None:
        """Say on disk that ``standing`` is about to be injected.

        Raises:
            JournalError: that cannot be written; nothing may be injected then.
        """
        self._append(_INTENDED, **asdict(standing))

    def strike(self, fault: str, kind: str = "healed", **fields: Any) -> None:
        """Say on disk that ``fault`` is gone; JournalError when that cannot be written."""
        self._append(kind, fault=fault, **fields)

    def note(self, kind: str, **fields: Any) -> None:
        """Add a line that changes nothing about what stands; JournalError as above."""
        self._append(kind, **fields)

    def standing(self) -> list[StandingFault]:
        """The faults that were begun and never struck off, oldest first.

        Torn lines and lines of others are passed over: a torn intention was never carried out.
        """
        found: dict[str, StandingFault] = {}
        for line in self._lines():
            with suppress(TypeError, KeyError):
                kind = line.pop("kind")
                if kind == _INTENDED:
                    line.pop("at")
                    standing = StandingFault(**line)
                    found[standing.fault] = standing
                elif kind in _STRUCK:
                    found.pop(line["fault"], None)
        return list(found.values())

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.path.is_file():
            return
        for line in self.path.read_bytes().splitlines():
            with suppress(ValueError):
                parsed = json.loads(line)
                if isinstance(parsed, dict):
                    yield parsed

    def _append(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"at": time.time(), "kind": kind, **fields}).encode() + b"\n"
        try:
            append_line(self.path, line)
        except OSError as error:
            raise JournalError(
                f"{self.path}: cannot be written ({error.strerror}), so nothing is broken any "
                "more. Free some space and run again."
            ) from error


def append_line(path: Path, line: bytes) -> None:
    """Append ``line`` in one write and fsync it, on a line of its own whatever stands before it.

    Raises:
        OSError: it was not written, or not whole.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # a full disk cut the last one
        if os.write(descriptor, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
