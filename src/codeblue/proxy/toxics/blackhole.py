"""Blackhole: one direction of the line is dead."""

from __future__ import annotations

from codeblue.proxy.toxics.stage import Stage


class Blackhole(Stage):
    """Swallows everything, the end of the stream as well; the connection stays open.

    Removed, it lets later bytes pass: the stream goes on with a gap in it. An end that came
    meanwhile passes then, because nothing else would ever close the connection.
    """

    kind = "blackhole"

    def data(self, chunk: bytes, at: float) -> None:
        """Swallow the chunk."""

    def eof(self) -> None:
        """Swallow the end of the stream for now."""
        self.ended = True

    def removed(self) -> None:
        """Pass on an end that came meanwhile."""
        if self.ended:
            self.output.eof()
