"""Refuse: nobody is there any more."""

from __future__ import annotations

from codeblue.proxy.toxics.stage import Stage


class Refuse(Stage):
    """Resets new connections at once, and open ones when anything comes in its direction."""

    kind = "refuse"

    def started(self) -> None:
        """Reset a new connection."""
        if self.wire.fresh:
            self.wire.reset()

    def data(self, chunk: bytes, at: float) -> None:  # noqa: ARG002 - lost with the connection
        """Reset an open connection."""
        self.wire.reset()

    def eof(self) -> None:
        """Reset an open connection."""
        self.wire.reset()
