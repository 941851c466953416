"""What an experiment's own rollbacks left on the fault proxy, when they said that all was well.

Chaos Toolkit calls a rollback a success when its provider did not raise; over HTTP that includes
404 for a toxic under another name. So the edges are looked at before the experiment and after it.
Faults of ours are not looked for here: they are held, healed and verified one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codeblue.errors import CodeblueError, UnhealedError
from codeblue.faults import ProxyApi
from codeblue.journal import Journal

Edges = dict[str, dict[str, Any]]

# Toxics under such a name belong to a holder of ours, here or in another process.
_OURS = "codeblue-"


class Leftovers:
    """Remembers the edges of ``proxy_url`` as they are now, and brings them back to that."""

    def __init__(self, proxy_url: str) -> None:
        self._proxy = ProxyApi(proxy_url)
        self._before: Edges = self._proxy.edges()
        self.found: list[str] = []

    def clear(self, journal: Journal) -> None:
        """Remove the toxics that are new, and open the edges that are closed and were not.

        Raises:
            UnhealedError: one is still there, or the proxy cannot say that it is not.
        """
        now = self._edges()
        left = list(self._new(now))
        self.found += [f"{fault} on edge {edge}" for edge, fault in left]
        for edge, fault in left:
            self._clear(edge, fault)
        still = set(self._new(self._edges())) if left else set()
        for edge, fault in left:
            named = {"fault": f"{edge}/{fault}", "edge": edge, "type": fault}
            journal.event("fault-healed", **named, verified=(edge, fault) not in still)
        if still:
            names = ", ".join(f"{fault} on edge {edge}" for edge, fault in sorted(still))
            raise UnhealedError(f"{names}: still in place after the rollbacks. Restart the proxy.")

    def _edges(self) -> Edges:
        try:
            return self._proxy.edges()
        except CodeblueError as error:
            raise UnhealedError(
                f"{error} Nobody can say that no fault is left behind. Start the session again."
            ) from error

    def _new(self, now: Edges) -> Iterator[tuple[str, str]]:
        for name, edge in now.items():
            before = self._before.get(name, {"enabled": True, "toxics": []})
            known = {toxic["name"] for toxic in before["toxics"]}
            if before["enabled"] and not edge["enabled"]:
                yield name, "disabled"
            for toxic in edge["toxics"]:
                if toxic["name"] not in known and not toxic["name"].startswith(_OURS):
                    yield name, toxic["name"]

    def _clear(self, edge: str, fault: str) -> None:
        try:
            if fault == "disabled":
                self._proxy.set_enabled(edge, enabled=True)
            else:
                self._proxy.remove_toxic(edge, fault)
        except CodeblueError:
            return  # what is left is looked for again, and told
