"""Refuse: the dependency is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from codeblue.faults.lease import Lease
from codeblue.faults.proxy_api import ProxyApi


@dataclass(frozen=True)
class Refuse:
    """Connections over the edge are refused, and those that were open are dropped."""

    edge: str

    type: ClassVar[str] = "refuse"

    @property
    def attributes(self) -> dict[str, Any]:
        """None."""
        return {}

    def inject(self, proxy: ProxyApi, lease: Lease) -> None:
        """Disable the edge's proxy."""
        proxy.set_enabled(self.edge, enabled=False, **lease.mark)

    def heal(self, proxy: ProxyApi, lease: Lease) -> None:  # noqa: ARG002 - a Fault
        """Enable the edge's proxy."""
        proxy.set_enabled(self.edge, enabled=True)

    def healed(self, proxy: ProxyApi, lease: Lease) -> bool:  # noqa: ARG002 - a Fault
        """Whether the edge is open."""
        return bool(proxy.edge(self.edge)["enabled"])
