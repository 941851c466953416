"""Replays what a real Toxiproxy v2.12.0 answered, and compares status, headers and body."""

from __future__ import annotations

import ast
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .conftest import GUARD
from .servers import STARTS

RECORDED_API_PORT = "18474"
EXCEPTED = {
    "embedded": {
        "toxic get after bad": "an update is all or nothing here: what was refused changed nothing",
    },
    "strict": {"metrics": "recorded with -proxy-metrics; without flags there is no such route"},
    "real": {},
}
BODY_EXCEPTED = {
    "metrics": "figures of that one process, and of Go",
}
TAIL = b"bad request body: "
CLIENT_HEADERS = {
    "browser": "User-Agent: Mozilla/5.0\r\n",
    "bad host hdr": "Host: evil.example\r\n",
}
VARIABLE = re.compile(r"^(Date|X-Toxiproxy-Request-Id): .*$", re.IGNORECASE)
FREE_PORT = re.compile(r'("listen":"(?:127\.0\.0\.1|\[::\]):)[1-9]\d*("|$)')


@dataclass(frozen=True)
class Exchange:
    title: str
    request: str
    path: str
    body: bytes
    head: tuple[str, ...]
    reply: bytes


def read(path: Path) -> Iterator[Exchange]:
    blocks = path.read_text().split("\n--- ")
    for block in blocks:
        lines = block.removeprefix("--- ").split("\n")
        title, _, request = lines[0].partition(": ")
        while not re.match(r"(GET|HEAD|POST|PUT|PATCH|DELETE) ", request):
            more, _, request = request.partition(": ")
            title = f"{title}: {more}"
        method, path_, body = request.split(" ", 2)
        yield Exchange(
            title,
            method,
            path_,
            request_body(body),
            tuple(sorted(lines[1].strip().split(" | "))),
            literal(lines[2].strip()),
        )


def request_body(text: str) -> bytes:
    try:
        return json.dumps(ast.literal_eval(text)).encode()
    except (SyntaxError, ValueError):
        return text.encode()


def literal(text: str) -> bytes:
    """The recorded reply body; long ones were cut when they were recorded."""
    value = ast.literal_eval(text)
    assert isinstance(value, bytes)
    return value


def exchange(port: int, wanted: Exchange) -> tuple[tuple[str, ...], bytes]:
    body = wanted.body.replace(RECORDED_API_PORT.encode(), str(port).encode())
    host = "" if wanted.title == "bad host hdr" else "Host: 127.0.0.1\r\n"
    head = (
        f"{wanted.request} {wanted.path} HTTP/1.1\r\n{host}{CLIENT_HEADERS.get(wanted.title, '')}"
    )
    head += f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=GUARD) as sock:
        sock.sendall(head.encode() + body)
        raw = b""
        while part := sock.recv(65536):
            raw += part
    top, _, reply = raw.partition(b"\r\n\r\n")
    lines = (line for line in top.decode().split("\r\n") if not VARIABLE.match(line))
    return tuple(sorted(lines)), reply


def without_ports(body: bytes, api_port: str) -> str:
    text = FREE_PORT.sub(r"\1PORT", body.decode())
    return text.replace(f":{api_port}:", ":API:")


def without_length(head: tuple[str, ...]) -> list[str]:
    return [line for line in head if not line.startswith(("Content-Length:", "Transfer-Encoding:"))]


EXCHANGES = list(read(Path(__file__).parent / "transcripts.txt"))

Replies = tuple[str, int, str, list[tuple[tuple[str, ...], bytes]]]


@pytest.fixture(scope="module", params=STARTS)
def replies(request: pytest.FixtureRequest) -> Iterator[Replies]:
    """All exchanges in their order: each one builds on the state that the others left."""
    server = STARTS[request.param]()
    version = server.client.get("/version").json()["version"]
    yield (
        request.param,
        server.port,
        version,
        [exchange(server.port, wanted) for wanted in EXCHANGES],
    )
    server.stop()


@pytest.mark.parametrize("number", range(len(EXCHANGES)), ids=[e.title for e in EXCHANGES])
def test_answers_as_toxiproxy_does(replies: Replies, number: int) -> None:
    wanted = EXCHANGES[number]
    kind, port, version, answers = replies
    if reason := EXCEPTED[kind].get(wanted.title):
        pytest.skip(reason)
    head, body = answers[number]
    if wanted.path == "/version" and version != "2.12.0":
        assert kind == "real"  # built by `go install`, it does not know its version
    elif kind == "real" and TAIL in wanted.reply:  # worded by the Go that it was built with
        assert body.startswith(wanted.reply.partition(TAIL)[0] + TAIL)
        assert without_length(head) == without_length(wanted.head)
    elif wanted.title in BODY_EXCEPTED:
        assert without_length(head) == without_length(wanted.head)
    else:
        expected = without_ports(wanted.reply, RECORDED_API_PORT)
        assert without_ports(body, str(port))[: len(expected)] == expected
        assert head == wanted.head


def test_every_exception_is_in_the_corpus() -> None:
    excepted = {title for titles in EXCEPTED.values() for title in titles}
    assert excepted | set(BODY_EXCEPTED) <= {exchange.title for exchange in EXCHANGES}


def test_the_whole_corpus_is_replayed() -> None:
    text = (Path(__file__).parent / "transcripts.txt").read_text()
    assert len(EXCHANGES) == len(re.findall("^--- ", text, re.MULTILINE))
