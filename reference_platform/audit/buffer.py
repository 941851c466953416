"""A durable buffer between the gateway and the trail: files that outlive the process.

An event is in the file before its answer leaves, and in the file before its request is passed on
when that may change something. Whoever holds the lock of a file ships it; the lock of a dead
process is free, so the next one ships what that one left. Every file tells each of its stories
whole: a request that is still under way when a new file begins is told again in the new one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from uuid import uuid4

import structlog

from reference_platform.audit.event import Event, read
from reference_platform.outcomes import Refusal

Ship = Callable[[bytes], Awaitable[None]]
"""Hands a JSON array of events to the trail and returns when they are in it; raises otherwise."""

BATCH = 500
_PAUSE = 0.2  # seconds
_FAREWELL = 1.0
_BEGUN, _ENDED = b"B", b"E"
_log = structlog.get_logger("reference_platform")


class _File:
    """A file of the buffer, locked for as long as it is held."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self.size = 0

    @classmethod
    def new(cls, folder: Path, name: str) -> _File:
        """A new one; OSError."""
        path = folder / f"{name}-{uuid4().hex}.jsonl"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND
        descriptor = os.open(path, flags, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(path, descriptor)

    @classmethod
    def abandoned(cls, folder: Path) -> list[_File]:
        """Those whose process is dead."""
        found = []
        for path in sorted(folder.glob("*.jsonl")):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDWR)
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(descriptor)
                    continue
                found.append(cls(path, descriptor))
        return found

    def append(self, mark: bytes, line: bytes) -> None:
        """Add a line whole, or raise OSError."""
        whole = mark + line + b"\n"
        if os.write(self._descriptor, whole) != len(whole):
            raise OSError("the line was not written whole")
        self.size += len(whole)

    def lines(self) -> list[bytes]:
        """All whole lines."""
        return [line for line in self.path.read_bytes().split(b"\n")[:-1] if line]

    def remove(self) -> None:
        """Delete it, now that the trail has its events."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def leave(self) -> None:
        """Let another process have it."""
        os.close(self._descriptor)


class Buffer:
    """Enter it to open its file and to start shipping; leave it to ship what is left."""

    def __init__(self, folder: Path, name: str, ship: Ship) -> None:
        self._folder = folder
        self._name = name
        self._ship = ship
        self._under_way: dict[str, bytes] = {}
        self._closed: list[_File] = []
        self._left: list[_File] = []
        self._file: _File
        self._shipping: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """OSError when the folder cannot be written."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = _File.new(self._folder, self._name)
        self._shipping = asyncio.create_task(self._keep_shipping())
        return self

    async def __aexit__(self, *_: object) -> None:
        """What cannot be shipped in a second stays for the next process."""
        self._shipping.cancel()
        with suppress(Exception):
            async with asyncio.timeout(_FAREWELL):
                await self._ship_all()
        for file in (*self._closed, *self._left, self._file):
            file.leave()

    def begin(self, event: Event) -> None:
        """Note what is about to be done; Refusal 503 when it cannot be noted."""
        line = event.canonical()
        self._append(_BEGUN, line)
        self._under_way[event.id] = line

    def end(self, event: Event) -> None:
        """Note what was done; Refusal 503 when it cannot be noted."""
        self._append(_ENDED, event.canonical())
        self._under_way.pop(event.id, None)

    def _append(self, mark: bytes, line: bytes) -> None:
        try:
            self._file.append(mark, line)
        except OSError as error:
            _log.error("audit buffer cannot be written", error=type(error).__name__)
            sentence = "The audit trail cannot be written, so nothing is done. Ask again later."
            raise Refusal(503, sentence, headers={"Retry-After": "1"}) from None

    async def _keep_shipping(self) -> None:
        while True:
            await asyncio.sleep(_PAUSE)
            try:
                await self._ship_all()
            except Exception as error:  # noqa: BLE001 - whatever it is, the events are kept
                _log.warning("audit events wait", error=type(error).__name__)

    async def _ship_all(self) -> None:
        """Ship what the dead left and the files that are closed; then close the current one."""
        self._left += _File.abandoned(self._folder)
        if not self._closed and self._file.size:
            self._turn()
        for batch in _batches(_ended(self._closed) + _told(self._left)):
            await self._ship(batch)
        for file in (*self._closed, *self._left):
            file.remove()
        self._closed, self._left = [], []

    def _turn(self) -> None:
        """Begin a new file with all that is under way."""
        fresh = _File.new(self._folder, self._name)
        for line in self._under_way.values():
            fresh.append(_BEGUN, line)
        fresh.size = 0  # nothing in it is worth shipping yet
        self._closed.append(self._file)
        self._file = fresh


def _ended(files: Iterable[_File]) -> list[bytes]:
    """What ended. What only begun is in the next file again."""
    return [line[1:] for file in files for line in file.lines() if line[:1] == _ENDED]


def _told(files: Sequence[_File]) -> list[bytes]:
    """All that a dead process told: what ended, and what it had begun and nobody saw end."""
    ended = _ended(files)
    known = {read(line).id for line in ended}
    begun = [read(line[1:]) for file in files for line in file.lines() if line[:1] == _BEGUN]
    lost = {event.id: event for event in begun if event.id not in known}
    return [*ended, *(event.canonical() for event in lost.values())]


def _batches(lines: Sequence[bytes]) -> Iterable[bytes]:
    for start in range(0, len(lines), BATCH):
        yield b"[" + b",".join(lines[start : start + BATCH]) + b"]"
