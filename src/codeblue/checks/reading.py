"""Reading many places back: each once, on a few connections, as often as it takes to be sure."""

from __future__ import annotations

from collections.abc import Mapping
from time import sleep
from urllib.parse import urlsplit

import orjson
import urllib3

from codeblue.checks.holding import Body

CONNECTIONS = 16
GONE = frozenset({404, 410})
BUSY = frozenset({408, 425, 429})

_PAUSES = (0.0, 0.2, 0.4, 0.8)  # seconds before each try
_LONGEST_PAUSE = 5.0  # seconds, whatever a server asks for in Retry-After
_TIMEOUT = 10.0
_HOPELESS = 64  # places in a row without an answer, after which no other is tried
_PAGES = 1000


class Reader:
    """Reads paths of the platform at ``base_url`` as any of its tenants; for several threads.

    ``headers`` are those of each tenant. When dozens of places in a row give no answer to rely on,
    the platform is down, and nothing more is asked of it.
    """

    def __init__(self, base_url: str, headers: Mapping[str, Mapping[str, str]]) -> None:
        address = urlsplit(base_url)
        self._root = address.path.rstrip("/")
        self._headers = headers
        self._failed_in_a_row = 0
        self._pool = urllib3.connection_from_url(
            base_url, maxsize=CONNECTIONS, block=True, timeout=_TIMEOUT, retries=False
        )

    @property
    def tenants(self) -> list[str]:
        """Whom it can read as."""
        return list(self._headers)

    def read(self, tenant: str, where: str) -> Body | None:
        """What is at ``where``, empty if it is gone; ``None`` if ``tenant`` cannot find that out.

        All pages of a FHIR Bundle are read as one, and a bare list as an object with one field.
        """
        body = self._page(tenant, self._root + where)
        following, pages = _following(body), 1
        while body is not None and following is not None:
            page = self._page(tenant, following) if pages < _PAGES else None
            if page is None:
                return None
            body = {**body, "entry": [*body.get("entry", ()), *page.get("entry", ())]}
            following, pages = _following(page), pages + 1
        return body

    def close(self) -> None:
        """End all connections."""
        self._pool.close()

    def _page(self, tenant: str, target: str) -> Body | None:
        if self._failed_in_a_row >= _HOPELESS:
            return None
        for pause in _PAUSES:
            sleep(pause)
            answer = self._get(tenant, target)
            if answer is not None and _is_final(answer.status):
                self._failed_in_a_row = 0
                return _body(answer)
            if answer is not None:
                sleep(_asked_pause(answer))
        self._failed_in_a_row += 1
        return None

    def _get(self, tenant: str, target: str) -> urllib3.BaseHTTPResponse | None:
        try:
            return self._pool.request("GET", target, headers=self._headers[tenant])
        except urllib3.exceptions.HTTPError:
            return None


def _is_final(status: int) -> bool:
    return status < 500 and status not in BUSY  # noqa: PLR2004 - HTTP's classes


def _body(answer: urllib3.BaseHTTPResponse) -> Body | None:
    if answer.status in GONE:
        return {}
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - HTTP's classes
        return None
    try:
        body = orjson.loads(answer.data)
    except orjson.JSONDecodeError:
        return None
    if isinstance(body, list):
        return {"entries": body}
    return body if isinstance(body, dict) else None


def _asked_pause(answer: urllib3.BaseHTTPResponse) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdecimal() else 0.0


def _following(page: Body | None) -> str | None:
    """The path of the page after this one of a FHIR Bundle; only ever on the same server."""
    links = page.get("link") if page else None
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next":
            address = urlsplit(str(link.get("url")))
            return f"{address.path}?{address.query}" if address.query else address.path
    return None
