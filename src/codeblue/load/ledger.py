"""What the platform acknowledged during a load: the promise that is checked afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from codeblue.errors import JournalError

FOLDER = "ledger"


@dataclass(frozen=True)
class Acknowledged:
    """One write that the platform said it has.

    ``where`` is the path at which ``tenant`` reads it back: the resource itself, or a collection
    in which exactly one entry has every field of ``must``.
    """

    kind: str
    tenant: str
    id: str
    patient: str
    where: str
    must: dict[str, Any]
    at: float = field(default_factory=time.time)


class LedgerWriter:
    """Appends to ``<run>/ledger/<label>-<worker>.jsonl``, one JSON object a line.

    A line has left the process before ``write`` returns, so a killed load forgets nothing.
    """

    def __init__(self, run: Path, label: str, worker: str) -> None:
        self._path = run / FOLDER / f"{label}-{worker}.jsonl"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab", buffering=0)

    def write(self, entry: Acknowledged) -> None:
        """Record ``entry``.

        Raises:
            JournalError: the disk is full.
        """
        line = orjson.dumps(asdict(entry)) + b"\n"
        try:
            written = self._file.write(line)
        except OSError as error:
            raise self._full(error.strerror or str(error)) from error
        if written < len(line):
            raise self._full("only in part")

    def _full(self, why: str) -> JournalError:
        return JournalError(f"{self._path}: cannot be written ({why}). Free some space.")


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
    for path in worker_files(run / FOLDER, label, ".jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                yield Acknowledged(**orjson.loads(line))
