"""What a load did to the platform: the promises and the histories that are checked afterwards."""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from math import inf
from pathlib import Path
from typing import Any, Literal, TypeVar

from msgspec import Struct, field, json
from msgspec.structs import astuple

from codeblue.errors import JournalError


class Acknowledged(Struct, frozen=True, gc=False):
    """One write that the platform said it has.

    ``where`` is the path at which ``tenant`` reads it back: the resource itself, or a collection
    in which exactly one entry has every field of ``must``; ``None`` means that it is gone. Of
    several writes with the same ``id`` at the same place each replaces the one before. ``invoked``
    and ``at`` are when it was sent and when it was acknowledged, seconds since the epoch; without
    ``invoked`` nobody knows what it may have overtaken.
    """

    kind: str
    tenant: str
    id: str
    patient: str
    where: str
    must: dict[str, Any] | None
    at: float = field(default_factory=time.time)
    invoked: float | None = None


class Unconfirmed(Struct, frozen=True, gc=False):
    """One write without an answer to rely on: it may have happened, now or later, or not at all.

    Nothing is promised of it. It excuses what is found in place of an acknowledged write.
    """

    kind: str
    tenant: str
    id: str
    where: str
    must: dict[str, Any] | None


class Operation(Struct, frozen=True, gc=False):
    """One step in the history of an object whose serial order is checked.

    ``history`` is the model. Of a ``slot``: ``book`` and ``cancel`` by ``value``, and ``read`` with
    who held it (``None`` or ``[]`` when free, a list when the platform gives one). Of a ``list``:
    ``append`` of ``value``, which is unique, and ``read`` with everything on the list, in order.

    Times are seconds since the epoch; ``completed`` is ``None`` when no answer came. ``refused``
    did certainly not happen; ``unknown`` may have happened, now or later, or not at all.
    """

    history: str
    object: str
    action: Literal["book", "cancel", "append", "read"]
    value: Any
    invoked: float
    completed: float | None
    outcome: Literal["ok", "refused", "unknown"]

    @property
    def over(self) -> float:
        """The last moment at which it may have taken effect: infinite when that is not known."""
        if self.outcome != "ok" or self.completed is None:
            return inf
        return self.completed


Entry = Acknowledged | Unconfirmed | Operation
Key = tuple[str, str]
Groups = dict[Key, tuple[bytes, ...]]

_FOLDERS: dict[type[Entry], str] = {
    Acknowledged: "ledger",
    Unconfirmed: "unconfirmed",
    Operation: "history",
}
_Kind = TypeVar("_Kind", Acknowledged, Unconfirmed, Operation)

_ENCODER = json.Encoder()
_DECODERS: dict[type[Any], json.Decoder[Any]] = {kind: json.Decoder(kind) for kind in _FOLDERS}


class _Written(Struct, gc=False):
    """The key of a write; the rest of its line is passed over."""

    tenant: str
    where: str


class _Done(Struct, gc=False):
    """The key of an operation."""

    history: str
    object: str


class LedgerWriter:
    """Appends to ``<run>/<ledger, unconfirmed or history>/<label>-<worker>.jsonl``.

    One JSON object a line. A line has left the process before ``write`` returns, so a load that
    was killed forgets nothing; only the machine itself could, if it lost its power.
    """

    def __init__(self, run: Path, label: str, worker: str) -> None:
        self._files = {
            kind: _opened(run / folder / f"{label}-{worker}.jsonl")
            for kind, folder in _FOLDERS.items()
        }

    def write(self, entry: Entry) -> None:
        """Record ``entry``.

        Raises:
            JournalError: the disk is full.
        """
        file = self._files[type(entry)]
        line = _ENCODER.encode(entry) + b"\n"
        try:
            written = file.write(line)
        except OSError as error:
            raise _full(Path(file.name), error.strerror or str(error)) from error
        if written < len(line):
            raise _full(Path(file.name), "only in part")


def worker_files(folder: Path, label: str, suffix: str) -> list[Path]:
    """The files ``<label>-<worker><suffix>`` of all workers of one load; workers are numbers."""
    return [
        path
        for path in sorted(folder.glob(f"{label}-*{suffix}"))
        if path.name.removeprefix(f"{label}-").removesuffix(suffix).isdecimal()
    ]


def read_ledger(run: Path, label: str) -> Iterator[Acknowledged]:
    """Everything acknowledged during the load ``label`` of the run in the folder ``run``.

    A line torn by a crash was never counted as acknowledged, and is dropped.
    """
    return (parse(Acknowledged, line) for line in _lines(Acknowledged, run, label))


def read_unconfirmed(run: Path, label: str) -> Iterator[Unconfirmed]:
    """Every write of the load of which nobody can tell whether it happened."""
    return (parse(Unconfirmed, line) for line in _lines(Unconfirmed, run, label))


def read_operations(run: Path, label: str) -> Iterator[Operation]:
    """The steps of all histories of the load, worker by worker; a torn line is dropped."""
    return (parse(Operation, line) for line in _lines(Operation, run, label))


def by_place(run: Path, label: str) -> Groups:
    """The lines of everything acknowledged, by tenant and place; for ``parse``.

    As objects, a million of them would take a gigabyte.
    """
    return _grouped(_lines(Acknowledged, run, label), json.Decoder(_Written))


def by_object(run: Path, label: str) -> Groups:
    """The lines of all operations, by model and object; for ``parse``."""
    return _grouped(_lines(Operation, run, label), json.Decoder(_Done))


def parse(kind: type[_Kind], line: bytes) -> _Kind:
    """The entry of which ``line`` tells."""
    entry: _Kind = _DECODERS[kind].decode(line)
    return entry


def _grouped(lines: Iterator[bytes], keys: json.Decoder[_Written] | json.Decoder[_Done]) -> Groups:
    groups: defaultdict[Key, list[bytes]] = defaultdict(list)
    with _no_collection():
        for line in lines:
            groups[astuple(keys.decode(line))].append(line)
        # Of tuples, other than of lists, the collector sees once that they hold nothing to follow.
        return {key: tuple(lines) for key, lines in groups.items()}


@contextmanager
def _no_collection() -> Iterator[None]:
    """A million objects that stay are not looked through for cycles, again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _lines(kind: type[Entry], run: Path, label: str) -> Iterator[bytes]:
    for path in worker_files(run / _FOLDERS[kind], label, ".jsonl"):
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line


def _opened(path: Path) -> FileIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab", buffering=0)


def _full(path: Path, why: str) -> JournalError:
    return JournalError(f"{path}: cannot be written ({why}). Free some space.")
