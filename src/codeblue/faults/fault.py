"""What every fault can do."""

from __future__ import annotations

from typing import Any, Protocol

from codeblue.faults.lease import Lease
from codeblue.faults.proxy_api import ProxyApi


class Fault(Protocol):
    """One way in which one edge fails; heals completely, and can tell that it has."""

    @property
    def edge(self) -> str:
        """The edge that it breaks, by its name in `codeblue.toml`."""

    @property
    def type(self) -> str:
        """Its name in experiments and in the journal."""

    @property
    def attributes(self) -> dict[str, Any]:
        """Its parameters, for the journal."""

    def inject(self, proxy: ProxyApi, lease: Lease) -> None:
        """Break the edge, in the name of the lease's owner."""

    def heal(self, proxy: ProxyApi, lease: Lease) -> None:
        """Undo what `inject` did, also when it was done by halves or healed already."""

    def healed(self, proxy: ProxyApi, lease: Lease) -> bool:
        """Whether the proxy confirms that nothing of it is left and the edge is open."""
