"""Timeout: the line swallows everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Stage


class Timeout(Stage):
    """Discards data; closes after `timeout` ms without traffic, or never when that is 0 or less.

    Removing it closes the connection, because bytes of the stream are gone.
    """

    kind = "timeout"
    units: ClassVar[Mapping[str, str]] = {"timeout": "ms"}

    def started(self) -> None:
        """Start the clock."""
        self._stop_timer()
        if self.values["timeout"] > 0 and not self.ended:
            self._wait(self.values["timeout"] / 1000)

    def data(self, chunk: bytes, at: float) -> None:  # noqa: ARG002 - swallowed
        """Swallow the chunk and start the clock again."""
        self.started()

    def eof(self) -> None:
        """Swallow the end of the stream; the clock runs on."""

    def changed(self) -> None:
        """Start the clock with the new value."""
        self.started()

    def removed(self) -> None:
        """Close the connection."""
        self.end()

    def _advance(self) -> None:
        self.end()
