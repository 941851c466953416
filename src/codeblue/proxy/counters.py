"""What passed through a proxy, counted while it happens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counters:
    """Counts since the proxy was created, live connections included.

    `received` are bytes as they come from a client (up) or from the upstream (down), `bytes` those
    that were handed on: what a toxic swallows or still holds is missing there.
    """

    accepted: int = 0
    received_up: int = 0
    received_down: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    refused_upstream: int = 0

    def receive_up(self, count: int) -> None:
        """Count bytes that came from a client."""
        self.received_up += count

    def receive_down(self, count: int) -> None:
        """Count bytes that came from the upstream."""
        self.received_down += count

    def add_up(self, count: int) -> None:
        """Count bytes handed to the upstream."""
        self.bytes_up += count

    def add_down(self, count: int) -> None:
        """Count bytes handed to clients."""
        self.bytes_down += count
