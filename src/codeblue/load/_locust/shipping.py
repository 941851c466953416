"""Carrying the records of a worker on another machine to the lead's run, as they are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codeblue.load._locust.messages import RECORDS, Data

if TYPE_CHECKING:
    from locust.runners import WorkerRunner

# What a worker writes, below the folder of its run.
FILES = {
    "names": "requests/{name}.names.json",
    "requests": "requests/{name}.bin",
    "ledger": "ledger/{name}.jsonl",
    "unconfirmed": "unconfirmed/{name}.jsonl",
    "history": "history/{name}.jsonl",
}
_MOST = 1 << 20  # bytes in one message


class Shipment:
    """Sends what was added to the files of one worker since the last time.

    The names are replaced as a whole when there are more of them, and always go before the records
    that use them.
    """

    def __init__(self, run: Path, load: str, worker: str, runner: WorkerRunner) -> None:
        name = f"{load}-{worker}"
        self._paths = {kind: run / path.format(name=name) for kind, path in FILES.items()}
        self._sent = dict.fromkeys(FILES, 0)
        self._runner = runner

    def send(self) -> None:
        """Send all that is new."""
        for kind, path in self._paths.items():
            size = path.stat().st_size if path.exists() else 0
            if size > self._sent[kind]:
                self._send(kind, path, 0 if kind == "names" else self._sent[kind])

    def _send(self, kind: str, path: Path, at: int) -> None:
        with path.open("rb") as file:
            file.seek(at)
            while content := file.read(_MOST):
                self._runner.send_message(RECORDS, {"kind": kind, "at": at, "content": content})
                at += len(content)
        self._sent[kind] = at


def store(run: Path, load: str, worker: str, records: Data) -> None:
    """Write what a worker sent where a worker of this machine would have written it."""
    path = run / FILES[records["kind"]].format(name=f"{load}-{worker}")
    path.parent.mkdir(exist_ok=True)
    with path.open("r+b" if path.exists() else "wb") as file:
        file.seek(records["at"])
        file.write(records["content"])
