"""Ending processes, deleting what is kept elsewhere, clearing folders: in order, for certain."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil

# SIGTERM first, so that servers stop in order; what is left after this many seconds is killed.
_GRACE = 1.0
_KEPT = "logs"
_ANSWER = 1.0


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


def delete(urls: Iterable[str]) -> None:
    """Send DELETE to each of ``urls``, up to the first that nobody answers: that server is gone."""
    for url in urls:
        try:
            urlopen(Request(url, method="DELETE"), timeout=_ANSWER).close()  # noqa: S310 - ours
        except HTTPError:
            continue  # it is not there any more
        except (OSError, HTTPException):
            return


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
