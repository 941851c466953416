"""Slow close: the connection ends later than its peer ended it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Pipe, Stage


class SlowClose(Stage):
    """Passes data at once; delays the end of the stream by `delay` ms."""

    kind = "slow_close"
    units: ClassVar[Mapping[str, str]] = {"delay": "ms"}

    def data(self, chunk: bytes, at: float) -> None:
        """Pass the chunk."""
        self.output.data(chunk, at)

    def closing(self) -> Pipe:
        """Wait before the end of the stream passes."""
        yield self.values["delay"] / 1000
