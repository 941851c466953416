"""The holder's side: tell the guardian what to end and what to discard."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

import orjson


class Guardian:
    """A guardian process, and the pipe that keeps it waiting."""

    def __init__(self) -> None:
        # In a session of its own, so that Ctrl-C on the terminal does not reach it.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "codeblue.guardian"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._orders: IO[bytes] = self._process.stdin
        self._children: list[subprocess.Popen[bytes]] = []

    def watch(self, child: subprocess.Popen[bytes]) -> None:
        """End ``child`` and its descendants on release, or when the holder dies."""
        self._children.append(child)
        self._order({"watch": child.pid})

    def discard(self, folder: Path) -> None:
        """Remove what is in ``folder``, except its logs, on release or when the holder dies."""
        self._order({"discard": str(folder)})

    def delete(self, url: str) -> None:
        """Send DELETE to ``url`` on release or when the holder dies, once the children ended."""
        self._order({"delete": url})

    def release(self) -> None:
        """End everything now, and the guardian with it."""
        with suppress(BrokenPipeError):
            self._orders.close()
        self._process.wait()
        for child in self._children:
            child.wait()

    def _order(self, order: dict[str, object]) -> None:
        self._orders.write(orjson.dumps(order) + b"\n")
        self._orders.flush()
