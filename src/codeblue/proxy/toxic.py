"""A toxic as the API knows it: name, type, direction, attribute values, perhaps an owner."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from codeblue.proxy.toxics import Stage

Direction = Literal["upstream", "downstream"]


@dataclass
class Toxic:
    """One toxic of one proxy; every connection of that proxy runs a stage of it."""

    name: str
    kind: type[Stage]
    stream: str
    """The direction as the client wrote it, in any case."""
    toxicity: float
    """Share of the connections that it touches."""
    attributes: dict[str, int]
    lease: str | None = None
    """The lease owner, when it heals by itself."""

    @property
    def direction(self) -> Direction:
        """The direction of the links that it works on."""
        return "upstream" if self.stream.lower() == "upstream" else "downstream"


def chance(seed: int, proxy: str, toxic: str, connection: int) -> Random:
    """The random source of one toxic on one connection; the first draw decides whether it bites.

    The same seed, names and connection number give the same draws, whatever happens elsewhere.
    """
    return Random(f"{seed}/{proxy}/{toxic}/{connection}")  # noqa: S311 - reproducible on purpose
