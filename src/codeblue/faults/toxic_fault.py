"""The faults that are toxics on the edge's proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from codeblue.faults.lease import Lease
from codeblue.faults.proxy_api import ProxyApi


@dataclass(frozen=True)
class Poison:
    """A toxic to put on an edge: Toxiproxy's type and attributes, and the stream it works on."""

    type: str
    stream: str
    attributes: dict[str, int]


@dataclass(frozen=True)
class ToxicFault:
    """A fault made of one or two toxics, which carry the owner's name."""

    edge: str

    type: ClassVar[str]

    @property
    def attributes(self) -> dict[str, Any]:
        """The parameters, without the edge."""
        return {name: value for name, value in asdict(self).items() if name != "edge"}

    def poisons(self) -> tuple[Poison, ...]:
        """The toxics that make up this fault, at most one per stream."""
        raise NotImplementedError

    def inject(self, proxy: ProxyApi, lease: Lease) -> None:
        """Add the toxics."""
        for name, poison in self._named(lease):
            toxic = asdict(poison) | {"name": name, "attributes": poison.attributes | lease.mark}
            proxy.add_toxic(self.edge, toxic)

    def heal(self, proxy: ProxyApi, lease: Lease) -> None:
        """Remove the toxics."""
        for name, _poison in self._named(lease):
            proxy.remove_toxic(self.edge, name)

    def healed(self, proxy: ProxyApi, lease: Lease) -> bool:
        """Whether the toxics are gone and the edge is open."""
        edge = proxy.edge(self.edge)
        present = {toxic["name"] for toxic in edge["toxics"]}
        mine = {name for name, _poison in self._named(lease)}
        return bool(edge["enabled"]) and not present & mine

    def _named(self, lease: Lease) -> Iterator[tuple[str, Poison]]:
        for poison in self.poisons():
            yield f"{lease.owner}-{self.type}-{poison.stream}", poison
