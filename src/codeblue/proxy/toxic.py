"""A toxic as the API knows it: name, type, direction, attribute values, perhaps an owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from codeblue.proxy.toxics import Stage
from codeblue.proxy.toxics.stage import Wire

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
    shared: Any = field(init=False)
    """What the stages of all connections have in common, if anything."""

    def __post_init__(self) -> None:
        self.shared = self.kind.share()

    @property
    def direction(self) -> Direction:
        """The direction of the links that it works on; some types work on one direction only."""
        stream = self.kind.stream or self.stream
        return "upstream" if stream.lower() == "upstream" else "downstream"

    @property
    def key(self) -> str:
        """What its draws depend on: the name, without what changes from run to run.

        A leased toxic `<owner>-<fault>-<stream>` draws as `<fault>`: the same connections are
        hit in every run with the same seed, and a fault in both directions hits both at once.
        """
        if self.lease is None or not self.name.startswith(f"{self.lease}-"):
            return self.name
        fault = self.name.removeprefix(f"{self.lease}-")
        return fault.removesuffix("-upstream").removesuffix("-downstream")

    def draw(self, seed: int, proxy: str, connection: int) -> tuple[bool, Random]:
        """Whether it bites on that connection, and the random source of its stage there."""
        random = chance(seed, proxy, self.key, connection)
        return random.random() < self.toxicity, random

    def stage(self, link: Wire, random: Random) -> Stage:
        """The toxic at work on one link."""
        stage = self.kind(self.attributes, link, random)
        stage.shared = self.shared
        return stage


def chance(seed: int, proxy: str, toxic: str, connection: int) -> Random:
    """The random source of one toxic on one connection; the first draw decides whether it bites.

    The same seed, names and connection number give the same draws, whatever happens elsewhere.
    """
    return Random(f"{seed}/{proxy}/{toxic}/{connection}")  # noqa: S311 - reproducible on purpose
