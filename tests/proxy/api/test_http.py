"""Whatever is sent to the API gets an HTTP answer, or an end; the server lives on."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ..conftest import GUARD, Server

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "BREW"]
WORDS = ["proxies", "p", "toxics", "t", "populate", "leases", "me", "version", "counters"]
STATUSES = {200, 201, 204, 301, 400, 403, 404, 405, 409, 500}
GENEROUS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

numbers = st.integers(-(2**64), 2**64) | st.floats() | st.sampled_from([2**63 - 1, -(2**63)])
leaves = st.none() | st.booleans() | numbers | st.text(max_size=5)
toxic_attributes = st.dictionaries(
    st.sampled_from(
        ["latency", "jitter", "rate", "timeout", "bytes", "average_size", "size_variation"]
    ),
    numbers,
)
bodies = st.recursive(
    leaves
    | st.fixed_dictionaries(
        {"type": st.sampled_from(["latency", "bandwidth", "slicer", "timeout", "limit_data"])},
        optional={"attributes": toxic_attributes, "toxicity": numbers},
    )
    | st.fixed_dictionaries(
        {"name": st.just("p"), "upstream": st.just("127.0.0.1:9")},
        optional={"listen": st.sampled_from(["127.0.0.1:0", "", "x", ":0"]), "enabled": leaves},
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@GENEROUS
@given(st.sampled_from(METHODS), st.lists(st.sampled_from(WORDS), max_size=5), bodies)
def test_every_request_is_answered(
    server: Server, method: str, words: list[str], body: Any
) -> None:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=GUARD)
    client.request(method, "/" + "/".join(words), body=json.dumps(body))
    reply = client.getresponse()
    text = reply.read()
    assert reply.status in STATUSES
    if reply.getheader("Content-Type") == "application/json":
        json.loads(text)
    client.close()
    assert server.client.get("/version").status_code == 200


@GENEROUS
@given(st.binary(max_size=200), st.sampled_from(["", "GET /proxies HTTP/1.1\r\n", "POST "]))
def test_bytes_that_are_no_http_harm_nobody(server: Server, noise: bytes, start: str) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
        with contextlib.suppress(OSError):
            sock.sendall(start.encode() + noise + b"\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while part := sock.recv(65536):
                answer += part
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
    assert server.client.get("/version").status_code == 200


@GENEROUS
@given(st.binary(max_size=100))
def test_any_body_is_answered(server: Server, body: bytes) -> None:
    reply = server.client.post("/proxies", content=body)
    assert reply.status_code in STATUSES


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    requests = b"GET /version HTTP/1.1\r\n\r\nGET /nope HTTP/1.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
        sock.sendall(requests)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    assert answer.index(b"200 OK") < answer.index(b"404 Not Found")


def test_an_oversized_head_and_body_are_refused(server: Server) -> None:
    for request, status in (
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 1_200_000, b"431"),
        (b"POST /proxies HTTP/1.1\r\nContent-Length: 17000000\r\n\r\n" + b" " * 17_000_000, b"413"),
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=GUARD) as sock:
            with contextlib.suppress(OSError):
                sock.sendall(request)
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(12).endswith(status)
    assert server.client.get("/version").status_code == 200


def test_an_upgrade_that_is_not_taken_up_is_answered_as_plain_http(server: Server) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "h2c"}
    assert server.client.get("/version", headers=headers).status_code == 200
    assert server.client.get("/version").status_code == 200


def test_unclean_paths_are_redirected(server: Server) -> None:
    for path, clean in (("//version", "/version"), ("/a/../proxies", "/proxies")):
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=GUARD)
        client.request("GET", path)
        reply = client.getresponse()
        assert (reply.status, reply.getheader("Location")) == (301, clean)
        client.close()
