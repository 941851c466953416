"""The http_status toxic."""

from __future__ import annotations

from itertools import pairwise

import httptools
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxics import STAGES

from ..conftest import Echo, Server
from .virtual import Line, virtual_time

GET = b"GET /v1/patients HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = (
    b"PUT /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
)
UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


class Answers:
    """Reads answers as a client would."""

    def __init__(self, data: bytes) -> None:
        self.statuses: list[int] = []
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.statuses.append(self._parser.get_status_code())


@given(
    st.lists(st.sampled_from([GET, POST, CHUNKED, UPGRADE]), min_size=1, max_size=6),
    st.lists(st.integers(0, 500), max_size=12),
    st.integers(200, 599),
)
def test_every_request_is_answered_once_however_it_is_cut(
    requests: list[bytes], cuts: list[int], status: int
) -> None:
    data = b"".join(requests)
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=status)
        pair = line.connect()
        for start, end in pairwise(bounds):
            pair.ask(data[start:end])
        assert Answers(pair.client.received).statuses == [status] * len(requests)
        assert pair.server.received == b""
        assert not pair.over


def test_clients_read_it_and_the_upstream_does_not_hear_of_it(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "http_status", "upstream", status=429)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert client.get("/").status_code == 429
        assert client.post("/", json={"a": 1}).status_code == 429
        assert client.head("/").status_code == 429
    assert server.counters("e")["bytes_up"] == 0


@pytest.mark.parametrize("status", [0, 100, 199, 600, -1, 2**63 - 1])
def test_what_is_no_final_status_works_as_503(status: int) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=status)
        pair = line.connect()
        pair.ask(GET)
        assert pair.client.received.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert "Give 200 to 599." in str(STAGES["http_status"].check({"status": status}))


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=503)
        pair = line.connect()
        head, body = POST.split(b"\r\n\r\n")
        pair.ask(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert pair.client.received == b"HTTP/1.1 100 Continue\r\n\r\n"
        pair.ask(body)
        assert b"HTTP/1.1 503" in pair.client.received


def test_what_is_no_http_closes_the_connection() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=503)
        pair = line.connect()
        pair.ask(b"\x00\x00\x00\x08\x04\xd2\x16\x2f")
        assert pair.over
        assert pair.server.received == b""


def test_the_answers_go_through_the_toxics_on_the_way_back() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=503)
        line.add("latency", "downstream", latency=200)
        pair = line.connect()
        pair.ask(GET)
        assert pair.client.received == b""
        clock.advance(0.21)
        assert pair.client.received.startswith(b"HTTP/1.1 503")


@pytest.mark.parametrize(("sent", "over"), [(GET, False), (POST[:-2], True)])
def test_removal_closes_only_what_has_lost_half_a_request(sent: bytes, over: bool) -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("http_status", status=503)
        pair = line.connect()
        pair.ask(sent)
        line.remove(toxic)
        assert pair.over is over
        pair.ask(GET)
        assert pair.server.received == (b"" if over else GET)


def test_a_head_without_an_end_does_not_fill_the_memory() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=503)
        pair = line.connect()
        pair.ask(GET[:-2] + b"X-Endless: ")
        for _ in range(20):
            pair.ask(b"x" * 65_536)
        assert pair.over


def test_a_long_body_is_read_to_its_end() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("http_status", status=413)
        pair = line.connect()
        pair.ask(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3276800\r\n\r\n")
        for _ in range(50):
            assert pair.client.received == b""
            pair.ask(bytes(65_536))
        assert Answers(pair.client.received).statuses == [413]
