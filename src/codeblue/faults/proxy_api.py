"""The fault proxy as the faults see it: Toxiproxy's API, bounded in time, errors in sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from requests import RequestException
from toxiproxy.api import APIConsumer
from toxiproxy.exceptions import (
    InvalidToxic,
    NotFound,
    ProxyExists,
)

from codeblue.errors import CodeblueError, UsageError, did_you_mean

TIMEOUT_SECONDS = 5.0


class ProxyApi:
    """Talks to the proxy at `url` (such as http://127.0.0.1:8474) through toxiproxy-python.

    Every method raises CodeblueError when the proxy does not answer in 5 s or answers with an
    error, and UsageError when it has no such edge.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        address = urlsplit(self.url)
        # toxiproxy-python keeps its address on the class; a subclass each keeps proxies apart.
        self._consumer: Any = type(
            "Consumer", (APIConsumer,), {"host": address.hostname, "port": address.port}
        )

    def edges(self) -> dict[str, dict[str, Any]]:
        """All proxied edges by name, each as Toxiproxy prints it."""
        return dict(self._call(self._consumer.get, "/proxies").json())

    def edge(self, name: str) -> dict[str, Any]:
        """One proxied edge."""
        edges = self.edges()
        if name not in edges:
            nearest = did_you_mean(name, edges)
            raise UsageError(f"edge {name}: not on the proxy {self.url}. {nearest}")
        return edges[name]

    def set_enabled(self, edge: str, **fields: Any) -> None:
        """Let an edge listen or not (`enabled`), perhaps under a `lease`."""
        self.edge(edge)
        self._call(self._consumer.post, f"/proxies/{edge}", json=fields)

    def add_toxic(self, edge: str, toxic: dict[str, Any]) -> None:
        """Put a toxic on an edge."""
        self.edge(edge)
        self._call(self._consumer.post, f"/proxies/{edge}/toxics", json=toxic)

    def remove_toxic(self, edge: str, name: str) -> None:
        """Take a toxic off an edge; one that is not there is fine."""
        if name in {toxic["name"] for toxic in self.edge(edge)["toxics"]}:
            self._call(self._consumer.delete, f"/proxies/{edge}/toxics/{name}", absent_is_fine=True)

    def reset(self) -> None:
        """Enable every edge and remove all toxics."""
        self._call(self._consumer.post, "/reset")

    def _call(
        self, method: Callable[..., Any], path: str, *, absent_is_fine: bool = False, **body: Any
    ) -> Any:
        try:
            response = method(path, timeout=TIMEOUT_SECONDS, **body)
        except RequestException as error:
            raise CodeblueError(
                f"{self.url}{path}: the fault proxy does not answer ({type(error).__name__}). "
                "Start the session again, for it cannot inject or heal without its proxy."
            ) from error
        except (InvalidToxic, NotFound, ProxyExists) as error:
            if absent_is_fine and isinstance(error, NotFound):
                return None
            raise self._refused(path, str(error)) from error
        if not response.ok:
            raise self._refused(path, response.text)
        return response

    def _refused(self, path: str, answer: str) -> CodeblueError:
        return CodeblueError(f"{self.url}{path}: the fault proxy refused: {answer.strip()}")
