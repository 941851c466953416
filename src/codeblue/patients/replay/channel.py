"""What a replay sends into: one interface of a platform."""

from __future__ import annotations

from typing import Protocol

from codeblue.patients.replay.delivery import Delivery, Standard

TIMEOUT, CLOSED = "timeout", "closed"
"""Outcomes without an answer: none in time; the connection ended, or could not be made again."""


class Channel(Protocol):
    """One interface. A lane carries one delivery at a time, and a person's all in one lane."""

    name: str
    standard: Standard

    async def open(self) -> None:
        """See whether anybody is there.

        Raises:
            TargetError: nobody is.
        """

    async def send(self, lane: int, delivery: Delivery) -> str:
        """Send what ``delivery`` has for this channel; what the answer was, in a word or code."""

    async def close(self) -> None:
        """End all connections."""
