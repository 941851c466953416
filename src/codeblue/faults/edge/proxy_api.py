"""The fault proxy as the faults see it: Toxiproxy's API, bounded in time, errors in sentences."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from codeblue.errors import CodeblueError, UsageError, did_you_mean
from codeblue.faults.ground import Ground

TIMEOUT_SECONDS = 5.0


class NoSuchEdgeError(UsageError):
    """The proxy answers, and has no such edge."""


class ProxyGoneError(CodeblueError):
    """Nothing listens where the proxy was, so its toxics are gone with it."""


class ProxyApi:
    """Talks to the proxy at ``url``, such as http://127.0.0.1:8474; from any thread.

    Only the standard library: the guardian, which has to be there at once, heals through it, and
    HTTP clients take half a second to import. A connection for each call, past any HTTP proxy that
    the environment names. Every method raises CodeblueError when the proxy does not answer in
    ``timeout`` seconds or answers with an error; ProxyGoneError when nothing listens there.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self.url = url.rstrip("/")
        self._address = urlsplit(self.url)
        self._timeout = timeout

    def edges(self) -> dict[str, dict[str, Any]]:
        """All proxied edges by name, each as Toxiproxy prints it."""
        return dict(self._call("GET", "/proxies"))

    def edge(self, name: str) -> dict[str, Any]:
        """One proxied edge; NoSuchEdgeError when there is none of that name."""
        edges = self.edges()
        if name not in edges:
            nearest = did_you_mean(name, edges)
            raise NoSuchEdgeError(f"edge {name}: not on the proxy {self.url}. {nearest}")
        return edges[name]

    def set_enabled(self, edge: str, **fields: Any) -> None:
        """Let an edge listen or not (``enabled``), perhaps under a ``lease``."""
        self._call("POST", f"/proxies/{_quoted(edge)}", fields)

    def add_toxic(self, edge: str, toxic: dict[str, Any]) -> None:
        """Put a toxic on an edge."""
        self._call("POST", f"/proxies/{_quoted(edge)}/toxics", toxic)

    def remove_toxic(self, edge: str, name: str) -> None:
        """Take a toxic off an edge; one that is not there is fine."""
        path = f"/proxies/{_quoted(edge)}/toxics/{_quoted(name)}"
        self._call("DELETE", path, absent_is_fine=True)

    def reset(self) -> None:
        """Enable every edge and remove all toxics."""
        self._call("POST", "/reset")

    def renew(self, owner: str, milliseconds: int) -> bool:
        """Let the lease of ``owner`` last so long from now; False when it knows no leases."""
        body = {"expires_in": milliseconds}
        return self._call("PUT", _lease(owner), body, absent_is_fine=True) is not None

    def end_lease(self, owner: str) -> None:
        """End the lease of ``owner``, which heals everything that it has."""
        self._call("DELETE", _lease(owner), absent_is_fine=True)

    def leases(self) -> list[str]:
        """The owners of all living leases; none when the proxy knows no leases."""
        return list(self._call("GET", "/leases", absent_is_fine=True) or ())

    def _call(
        self, method: str, path: str, body: Any = None, *, absent_is_fine: bool = False
    ) -> Any:
        """The answer as JSON, ``{}`` for an empty one; None for a 404 that is fine."""
        status, text = self._exchange(method, path, body)
        if status == HTTPStatus.NOT_FOUND and absent_is_fine:
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            said = text.decode("utf-8", "replace").strip()
            raise CodeblueError(f"{self.url}{path}: the fault proxy refused: {said}")
        try:
            return json.loads(text or b"{}")
        except ValueError as error:
            raise CodeblueError(
                f"{self.url}{path}: the answer is not JSON, so this is no fault proxy. "
                "Correct the address."
            ) from error

    def _exchange(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        host, port = self._address.hostname or "", self._address.port
        connection = HTTPConnection(host, port, timeout=self._timeout)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except ConnectionRefusedError as error:
            raise ProxyGoneError(self._silence(path, error)) from error
        except (OSError, HTTPException) as error:
            raise CodeblueError(self._silence(path, error)) from error
        finally:
            connection.close()

    def _silence(self, path: str, error: Exception) -> str:
        return (
            f"{self.url}{path}: the fault proxy does not answer ({type(error).__name__}). "
            "Start the session again, for it cannot inject or heal without its proxy."
        )


def proxy_of(ground: Ground) -> ProxyApi:
    """The fault proxy of ``ground``; UsageError when it has none."""
    if not ground.proxy_url:
        raise UsageError(
            "no fault proxy: faults on edges need one. Run `codeblue up`, or set TOXIPROXY_URL."
        )
    return ProxyApi(ground.proxy_url)


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _lease(owner: str) -> str:
    return f"/leases/{_quoted(owner)}"
