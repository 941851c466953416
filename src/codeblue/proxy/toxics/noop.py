"""Noop: a toxic that does nothing, for trying a client."""

from __future__ import annotations

from codeblue.proxy.toxics.stage import Stage


class Noop(Stage):
    """Passes everything at once."""

    kind = "noop"

    def data(self, chunk: bytes, at: float) -> None:
        """Pass the chunk."""
        self.output.data(chunk, at)
