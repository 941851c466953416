"""The faults that are toxics on the edge's proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar

from codeblue.errors import UsageError
from codeblue.faults.edge.proxy_api import proxy_of
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground

ALL = 100
"""Percent."""

TOXIPROXY_TYPES = frozenset(
    ["latency", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data", "noop"]
)
"""What a real Toxiproxy v2.12.0 knows; the other types are the embedded proxy's own."""


@dataclass(frozen=True)
class Poison:
    """A toxic to put on an edge: Toxiproxy's type and attributes, and the stream it works on."""

    type: str
    stream: str
    attributes: dict[str, int]


@dataclass(frozen=True)
class ToxicFault:
    """A fault made of one or two toxics, which carry the owner's name.

    `percent` is the share of the connections that it touches, drawn once per connection.
    """

    edge: str
    percent: int = field(default=ALL, kw_only=True)

    type: ClassVar[str]

    @property
    def place(self) -> str:
        """The edge."""
        return self.edge

    @property
    def attributes(self) -> dict[str, Any]:
        """The parameters, without the edge; `percent` only when it is not the usual one."""
        percent = next(each for each in fields(self) if each.name == "percent")
        hidden = {"edge", "percent"} if self.percent == percent.default else {"edge"}
        return {name: value for name, value in asdict(self).items() if name not in hidden}

    @property
    def toxicity(self) -> float:
        """The share of the connections that it touches, 0 to 1."""
        return self.percent / ALL

    def poisons(self) -> tuple[Poison, ...]:
        """The toxics that make up this fault, at most one per stream."""
        raise NotImplementedError

    def wrong(self) -> str | None:
        """What cannot be meant, and what to give instead; None when all values make sense."""
        return None

    def prepare(self, ground: Ground) -> Trace:
        """Look that the edge is there and that its proxy can do this; name the toxics."""
        self._refuse_nonsense()
        proxy = proxy_of(ground)
        proxy.edge(self.edge)
        for poison in self.poisons():
            if poison.type not in TOXIPROXY_TYPES and not ground.leased:
                raise UsageError(
                    f"edge {self.edge}: the Toxiproxy at {proxy.url} has no toxic "
                    f'"{poison.type}", which {self.type} needs. Use `--proxy embedded`.'
                )
        return {"toxics": [name for name, _poison in self._named(ground)]}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Add the toxics."""
        proxy, lease = proxy_of(ground), {"lease": ground.owner} if ground.leased else {}
        for name, poison in self._named(ground):
            attributes = poison.attributes | lease
            own = {"name": name, "toxicity": self.toxicity, "attributes": attributes}
            proxy.add_toxic(self.edge, asdict(poison) | own)

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Remove the toxics."""
        proxy = proxy_of(ground)
        for name in trace["toxics"]:
            proxy.remove_toxic(self.edge, name)

    def healed(self, ground: Ground, trace: Trace) -> bool:
        """Whether the toxics are gone."""
        present = {toxic["name"] for toxic in proxy_of(ground).edge(self.edge)["toxics"]}
        return not present & set(trace["toxics"])

    def _named(self, ground: Ground) -> Iterator[tuple[str, Poison]]:
        for poison in self.poisons():
            yield f"{ground.owner}-{self.type}-{poison.stream}", poison

    def _refuse_nonsense(self) -> None:
        wrong = self.wrong()
        if not 0 < self.percent <= ALL:
            wrong = f"percent is {self.percent}. Give 1 to {ALL}"
        if wrong is not None:
            raise UsageError(f"edge {self.edge}, fault {self.type}: {wrong}.")
