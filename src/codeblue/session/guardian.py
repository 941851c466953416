"""A process that ends what a session started, should its holder die without doing so itself.

It reads orders from its standard input, one JSON object a line. The holder keeps the other end
open; when the holder dies, however it dies, the kernel closes it, and the guardian acts.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import orjson
import psutil

# SIGTERM first, so that servers stop in order; what is left after this many seconds is killed.
_GRACE = 1.0
_KEPT = "logs"


class Guardian:
    """The holder's side: tell the guardian what to end and what to discard."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, start_new_session=True
        )

    def watch(self, pid: int) -> None:
        """End the process ``pid`` and its descendants when the holder dies."""
        self._order({"watch": pid})

    def discard(self, folder: Path) -> None:
        """Remove what is in ``folder``, except its logs, when the holder dies."""
        self._order({"discard": str(folder)})

    def release(self) -> None:
        """End everything now, and the guardian with it."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _order(self, order: dict[str, object]) -> None:
        if self._process.stdin is None:
            return
        self._process.stdin.write(orjson.dumps(order) + b"\n")
        self._process.stdin.flush()


def main() -> None:
    """Collect orders until the holder lets go, then carry them out."""
    watched: list[psutil.Process] = []
    folders: list[Path] = []
    for line in sys.stdin.buffer:
        order = orjson.loads(line)
        if "watch" in order:
            with suppress(psutil.NoSuchProcess):
                watched.append(psutil.Process(order["watch"]))
        else:
            folders.append(Path(order["discard"]))
    end(watched)
    for folder in folders:
        discard(folder)


def end(processes: Iterable[psutil.Process]) -> None:
    """End ``processes`` and all their descendants: ask them first, then kill what is left."""
    roots = list(processes)
    family = [member for root in roots for member in _with_descendants(root)]
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            root.terminate()
    _, alive = psutil.wait_procs(family, timeout=_GRACE)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=_GRACE)


def discard(folder: Path) -> None:
    """Remove everything in ``folder`` but its logs."""
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.name == _KEPT:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _with_descendants(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return [*process.children(recursive=True), process]
    return []


if __name__ == "__main__":
    main()
