"""A FHIR R4 server of the tests' own: nobody logs in, and it does only what it is told to list.

It answers as servers are free to: a creation with a Location and no body, links in full, and from
``FAR`` on a next page at some other server.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

Offered = Mapping[str, Mapping[str, Any]]
"""By type: ``codes`` of interactions, ``names`` of search parameters, and elements as they are."""

BASE = "/r4"
FAR = "Condition"
_PATH = re.compile(
    rf"{BASE}/(?P<kind>\w+)(/(?P<id>[\w-]+)(?P<rest>/_history(/\w+)?)?)?(\?(?P<query>.*))?"
)


class R4Server(ThreadingHTTPServer):
    """Counts in ``asked`` what it was asked: a method and a path whose ids are ``{id}``."""

    def __init__(self, offered: Offered) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statement = {
            "resourceType": "CapabilityStatement",
            "fhirVersion": "4.0.1",
            "rest": [{"mode": "server", "resource": [_entry(*each) for each in offered.items()]}],
        }
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: Counter[str] = Counter()
        self.kept: dict[str, tuple[int, dict[str, Any]]] = {}
        self.numbers = count()
        self.media_types: set[str] = set()


def _entry(kind: str, described: Mapping[str, Any]) -> dict[str, Any]:
    listed = dict(described)
    codes, names = listed.pop("codes"), listed.pop("names", ())
    return {
        "type": kind,
        "interaction": [{"code": code} for code in codes],
        "searchParam": [{"name": name, "type": "reference"} for name in names],
        **listed,
    }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: R4Server

    def do_GET(self) -> None:
        if self.path == f"{BASE}/metadata":
            self._answer(200, self.server.statement)
            return
        kind, identity, rest, query = self._note()
        if query is not None:
            self._answer(200, self._searchset(kind, query))
        elif rest is not None:
            self._answer(200, {"resourceType": "Bundle" if rest == "/_history" else kind})
        elif kind == "Patient":
            self._read(1, {"resourceType": "Patient", "id": identity})
        else:
            self._read(*self.server.kept[identity])

    def do_POST(self) -> None:
        kind, *_ = self._note()
        identity = f"{kind.lower()}-{next(self.server.numbers)}"
        self.server.kept[identity] = (1, {**self._body(), "id": identity})
        self._answer(201, Location=f"{self.server.url}{BASE}/{kind}/{identity}/_history/1")

    def do_PUT(self) -> None:
        _, identity, *_ = self._note()
        version, resource = self.server.kept[identity][0], self._body()
        if self.headers["If-Match"] != f'W/"{version}"' or resource["id"] != identity:
            self._answer(412)
            return
        self.server.kept[identity] = (version + 1, resource)
        self._answer(200, resource)

    def do_DELETE(self) -> None:
        _, identity, *_ = self._note()
        del self.server.kept[identity]
        self._answer(204)

    def _note(self) -> tuple[str, str, str | None, str | None]:
        match = _PATH.fullmatch(self.path)
        assert match, self.path
        kind, identity, rest, query = match.group("kind", "id", "rest", "query")
        asked = f"{self.command} {kind}" + ("/{id}" if identity else "") + (rest or "")
        named = re.sub(r"=[^&]*", "", query) if query else ""
        self.server.asked[f"{asked}?{named}" if named else asked] += 1
        return kind, identity, rest, query

    def _body(self) -> dict[str, Any]:
        self.server.media_types.add(self.headers["Content-Type"])
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return body

    def _searchset(self, kind: str, query: str) -> dict[str, Any]:
        bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "entry": []}
        if "page" not in query:
            server = "http://elsewhere.invalid" if kind == FAR else self.server.url
            bundle["link"] = [{"relation": "next", "url": f"{server}{BASE}/{kind}?page=2"}]
            bundle["entry"] = [{"resource": {"resourceType": kind, "id": "1"}}]
        return bundle

    def _read(self, version: int, resource: dict[str, Any]) -> None:
        tag = f'W/"{version}"'
        if self.headers["If-None-Match"] == tag:
            self.server.asked["304"] += 1
            self._answer(304, ETag=tag)
            return
        meta = {"versionId": str(version)}
        self._answer(200, {**resource, "meta": meta}, ETag=tag)

    def _answer(self, status: int, body: object = None, **headers: str) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@contextmanager
def serving(offered: Offered) -> Iterator[R4Server]:
    """A server that lists what is ``offered``."""
    with R4Server(offered) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
