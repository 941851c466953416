"""Which connections the toxics of a proxy touched: the latest draws, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

KEPT = 10_000
"""How many decisions a proxy remembers; older ones are dropped."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a toxic bites on one connection, as the draw against its toxicity decided."""

    connection: int
    """Number of the connection at its proxy; the first one is 1."""
    toxic: str
    stream: str
    bites: bool


class Decisions:
    """The last 10,000 decisions of one proxy, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Decision] = deque(maxlen=KEPT)

    def __iter__(self) -> Iterator[Decision]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def note(self, connection: int, toxic: str, stream: str, bites: bool) -> None:  # noqa: FBT001
        """Remember one decision; call it once per connection and toxic, when it is drawn."""
        self._kept.append(Decision(connection, toxic, stream, bites))
