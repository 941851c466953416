"""Reset peer: the connection breaks with a TCP RST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Pipe, Stage


class ResetPeer(Stage):
    """Resets both sides `timeout` ms after the first traffic in its direction.

    Removed while it waits, it passes the traffic on instead.
    """

    kind = "reset_peer"
    units: ClassVar[Mapping[str, str]] = {"timeout": "ms"}

    def pipe(self, chunk: bytes, at: float) -> Pipe:  # noqa: ARG002 - lost with the connection
        """Wait, then reset."""
        return self.closing()

    def closing(self) -> Pipe:
        """Wait, then reset."""
        yield self.values["timeout"] / 1000
        self.wire.reset()
