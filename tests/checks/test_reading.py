"""Reading back: what cannot be read is never called gone, and a platform that is down is let be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from codeblue.checks import reading
from codeblue.checks.reading import Reader

Answer = tuple[int, Any, dict[str, str]]


class Platform(ThreadingHTTPServer):
    """Gives the next of the answers at a path, and the last one from then on."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, str]] = []

    def at(self, path: str, *answers: tuple[int, Any], **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers[path] = [(status, body, named) for status, body in answers]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Platform

    def do_GET(self) -> None:
        self.server.asked.append((self.headers.get("Authorization", ""), self.path))
        coming = self.server.answers.get(self.path, [(404, {}, {})])
        status, body, headers = coming.pop(0) if len(coming) > 1 else coming[0]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        pass


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def reader(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.setattr(reading, "_PAUSES", (0.0, 0.01, 0.01))
    base_url = f"http://127.0.0.1:{platform.server_port}/api/"
    headers = {name: {"Authorization": f"Bearer {name}"} for name in ("riverside", "lakeside")}
    with closing(Reader(base_url, headers)) as reader:
        yield reader


def test_a_place_is_read_below_the_base_url_as_its_tenant(
    platform: Platform, reader: Reader
) -> None:
    platform.at("/api/v1/orders?patient=7", (200, {"orders": []}))
    assert reader.read("lakeside", "/v1/orders?patient=7") == {"orders": []}
    assert platform.asked == [("Bearer lakeside", "/api/v1/orders?patient=7")]


@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        (200, {"id": "7"}, {"id": "7"}),
        (200, [{"id": "7"}], {"entries": [{"id": "7"}]}),
        (404, {"id": "7"}, {}),
        (410, b"", {}),
        (401, {}, None),
        (403, {}, None),
        (400, {}, None),
        (302, {}, None),
        (200, b"<html>", None),
        (200, "a text", None),
    ],
)
def test_an_answer_is_understood(
    platform: Platform, reader: Reader, status: int, body: Any, known: Any
) -> None:
    platform.at("/api/place", (status, body))
    assert reader.read("riverside", "/place") == known
    assert len(platform.asked) == 1


def test_a_busy_platform_is_asked_again(platform: Platform, reader: Reader) -> None:
    platform.at("/api/place", (503, {}), (429, {}), (200, {"id": "7"}))
    assert reader.read("riverside", "/place") == {"id": "7"}


def test_it_waits_as_long_as_it_is_asked_to_but_not_longer(
    platform: Platform, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(reading, "sleep", waited.append)
    platform.at("/api/place", (429, {}), (200, {}), Retry_After="3")
    assert reader.read("riverside", "/place") == {}
    platform.at("/api/place", (429, {}), (200, {}), Retry_After="3600")
    assert reader.read("riverside", "/place") == {}
    assert (max(waited[:3]), max(waited[3:])) == (3.0, 5.0)


def test_what_stays_unreadable_is_unknown(platform: Platform, reader: Reader) -> None:
    platform.at("/api/place", (500, {}))
    assert reader.read("riverside", "/place") is None
    assert len(platform.asked) == 3


def test_a_platform_that_is_down_is_let_be(
    platform: Platform, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_HOPELESS", 2)
    platform.at("/api/broken", (500, {}))
    for _ in range(5):
        assert reader.read("riverside", "/broken") is None
    assert len(platform.asked) == 2 * 3


def test_one_answer_is_enough_to_go_on(
    platform: Platform, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_HOPELESS", 2)
    platform.at("/api/broken", (500, {}))
    for path in ("/broken", "/place", "/broken", "/place"):
        reader.read("riverside", path)
    assert platform.asked[-1] == ("Bearer riverside", "/api/place")


def test_nobody_there_is_unknown() -> None:
    with closing(Reader("http://127.0.0.1:9", {"riverside": {}})) as reader:
        assert reader.read("riverside", "/place") is None


def bundle(*ids: str, following: str | None = None) -> dict[str, Any]:
    links = [{"relation": "self", "url": "http://elsewhere/fhir"}]
    if following is not None:
        links.append({"relation": "next", "url": following})
    return {"entry": [{"resource": {"id": identity}} for identity in ids], "link": links}


def ids(body: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in body["entry"]]


def test_all_pages_of_a_bundle_are_one(platform: Platform, reader: Reader) -> None:
    # Whatever host the link names: only the platform itself is asked.
    platform.at("/api/fhir", (200, bundle("1", "2", following="http://elsewhere/api/fhir?page=2")))
    platform.at("/api/fhir?page=2", (200, bundle("3", following="/api/fhir?page=3")))
    platform.at("/api/fhir?page=3", (200, bundle()))
    assert ids(reader.read("riverside", "/fhir")) == ["1", "2", "3"]


def test_a_bundle_without_one_of_its_pages_is_unknown(platform: Platform, reader: Reader) -> None:
    platform.at("/api/fhir", (200, bundle("1", following="/api/fhir?page=2")))
    platform.at("/api/fhir?page=2", (500, {}))
    assert reader.read("riverside", "/fhir") is None


def test_pages_without_end_are_left(
    platform: Platform, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAGES", 5)
    platform.at("/api/fhir", (200, bundle("1", following="/api/fhir")))
    assert reader.read("riverside", "/fhir") is None
    assert len(platform.asked) == 5
