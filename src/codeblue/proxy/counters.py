"""What passed through a proxy, counted while it happens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counters:
    """Counts since the proxy was created; bytes are those handed on, not those swallowed."""

    accepted: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    refused_upstream: int = 0

    def add_up(self, count: int) -> None:
        """Count bytes handed to the upstream."""
        self.bytes_up += count

    def add_down(self, count: int) -> None:
        """Count bytes handed to clients."""
        self.bytes_down += count
