"""Limit data: the connection closes after so many bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from codeblue.proxy.toxics.stage import Stage


class LimitData(Stage):
    """Passes exactly `bytes` bytes on each link, then closes; 0 closes at the first chunk.

    The count goes on when the limit is changed. A limit that is lower than what has passed
    closes at the next chunk.
    """

    kind = "limit_data"
    units: ClassVar[Mapping[str, str]] = {"bytes": "bytes"}
    _passed = 0

    def data(self, chunk: bytes, at: float) -> None:
        """Pass what is left of the limit."""
        if self.ended:
            return
        left = max(0, self.values["bytes"] - self._passed)
        if part := chunk[:left]:
            self._passed += len(part)
            self.output.data(part, at)
        if self._passed >= self.values["bytes"]:
            self.end()
