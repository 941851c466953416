"""One behaviour, whoever serves it: our proxy, our proxy with `--strict`, a real Toxiproxy.

What kills a real one (a bandwidth below 0, a slicer of size 0 or with a variation above its size,
a jitter beyond all reason) is sent to ours alone, in `toxics/` and in `test_survival.py`.
"""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Iterator

import pytest

from .conftest import GUARD, Echo, Server, connect, receive, silent
from .servers import STARTS, clear


@pytest.fixture(scope="module", params=STARTS)
def one_of_them(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = STARTS[request.param]()
    yield server
    server.stop()


@pytest.fixture
def server(one_of_them: Server) -> Iterator[Server]:
    yield one_of_them
    clear(one_of_them)


@pytest.fixture
def port(server: Server, echo: Echo) -> int:
    return server.create("e", echo.address)


class TestRoutes:
    @pytest.mark.parametrize(
        ("target", "location"),
        [
            ("//version", "/version"),
            ("//version?x=1&y=%20a", "/version?x=1&y=%20a"),
            ("/a/../version", "/version"),
            ("/proxies/%2e%2e/version", "/version"),
            ("/proxies/a%20b/../c?z", "/proxies/c?z"),
            ("/proxies/%C3%A4/./x", "/proxies/%C3%A4/x"),
            ("/proxies/a//b?q=<>", "/proxies/a/b?q=<>"),
            ("*", "/%2A"),
        ],
    )
    def test_an_unclean_path_is_redirected(
        self, server: Server, target: str, location: str
    ) -> None:
        status, headers, body = ask(server, "GET", target)
        assert (status, headers["Location"], body) == (301, location, b"")
        assert "X-Toxiproxy-Request-Id" not in headers

    @pytest.mark.parametrize(
        ("method", "target", "status"),
        [
            ("GET", "/version?strict=1", 200),
            ("GET", "http://elsewhere/version", 200),
            ("GET", "/", 404),
            ("GET", "/version/", 404),
            ("GET", "/version#fragment", 404),
            ("GET", "/x%00y", 404),
            ("GET", "/proxies/e%2Fe", 404),
            ("GET", "/proxies/%zz", 400),
            ("GET", "version", 400),
            ("OPTIONS", "/version", 405),
            ("PUT", "/proxies", 405),
            ("HEAD", "/version", 405),
            ("GET", "/reset", 405),
            ("PATCH", "/populate", 405),
        ],
    )
    def test_what_answers_what(self, server: Server, method: str, target: str, status: int) -> None:
        assert ask(server, method, target)[0] == status

    def test_browsers_are_sent_away_from_routes_that_exist_only(self, server: Server) -> None:
        browser = {"User-Agent": "Mozilla/5.0 (X11)"}
        assert server.client.get("/proxies", headers=browser).status_code == 403
        assert server.client.get("/nowhere", headers=browser).status_code == 404
        assert server.client.put("/proxies", headers=browser).status_code == 405
        assert server.client.get("/proxies", headers={"User-Agent": "Mozilla"}).status_code == 200

    def test_a_request_id_has_twenty_characters_and_is_new_each_time(self, server: Server) -> None:
        ids = [server.client.get("/version").headers["X-Toxiproxy-Request-Id"] for _ in range(20)]
        assert {len(each) for each in ids} == {20}
        assert len(set(ids)) == 20

    def test_a_client_that_stops_sending_is_still_answered(self, server: Server) -> None:
        with connect(server.port) as sock:
            sock.sendall(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.shutdown(socket.SHUT_WR)
            assert receive(sock, 12) == b"HTTP/1.1 200"

    def test_pipelined_requests_are_answered_in_order(self, server: Server) -> None:
        request = b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n"
        with connect(server.port) as sock:
            sock.sendall(
                request % (b"/version", b"") + request % (b"/nope", b"Connection: close\r\n")
            )
            answer = receive(sock, 1 << 16)
        assert answer.index(b"200 OK") < answer.index(b"404 Not Found")

    def test_no_http_is_answered_with_400(self, server: Server) -> None:
        with connect(server.port) as sock:
            sock.sendall(b"no request at all\r\n\r\n")
            assert receive(sock, 12) == b"HTTP/1.1 400"


class TestAddresses:
    @pytest.mark.parametrize(
        "listen",
        ["127.0.0.1:", "127.0.0.1:0", "localhost:0", "[127.0.0.1]:0", "127.0.0.1:00000"],
    )
    def test_what_can_be_listened_on(self, server: Server, listen: str) -> None:
        body = {"name": "a", "listen": listen, "upstream": "x:1"}
        reply = server.client.post("/proxies", json=body)
        assert reply.status_code == 201
        assert reply.json()["listen"].startswith("127.0.0.1:")

    @pytest.mark.parametrize(
        ("listen", "text"),
        [
            ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
            ("127.0.0.1:-1", "listen tcp: address -1: invalid port"),
            ("127.0.0.1:0x10", "listen tcp: lookup tcp/0x10: unknown port"),
            ("127.0.0.1", "listen tcp: address 127.0.0.1: missing port in address"),
            ("a:b:c", "listen tcp: address a:b:c: too many colons in address"),
            ("::1:0", "listen tcp: address ::1:0: too many colons in address"),
            ("[::1:0", "listen tcp: address [::1:0: missing ']' in address"),
            ("256.1.1.1:0", "listen tcp: lookup 256.1.1.1: no such host"),
            ("127.1:0", "listen tcp: lookup 127.1: no such host"),
            ("8.8.8.8:0", "listen tcp 8.8.8.8:0: bind: cannot assign requested address"),
        ],
    )
    def test_what_cannot_be_listened_on(self, server: Server, listen: str, text: str) -> None:
        body = {"name": "a", "listen": listen, "upstream": "x:1"}
        reply = server.client.post("/proxies", json=body)
        assert (reply.status_code, reply.json()["error"]) == (500, text)
        assert server.client.get("/proxies").json() == {}

    def test_a_port_may_be_named(self, server: Server) -> None:
        body = {"name": "a", "listen": "127.0.0.1:https", "upstream": "x:1"}
        reply = server.client.post("/proxies", json=body)
        assert reply.status_code in (201, 500)  # it may be taken, or not be ours to take
        assert ":443" in reply.text

    def test_a_proxy_that_cannot_move_is_left_disabled_where_it_should_be(
        self, server: Server, port: int
    ) -> None:
        taken = f"127.0.0.1:{server.port}"
        assert server.client.post("/proxies/e", json={"listen": taken}).status_code == 500
        left = server.client.get("/proxies/e").json()
        assert (left["listen"], left["enabled"]) == (taken, False)
        with pytest.raises(ConnectionRefusedError):
            connect(port)


class TestData:
    def test_bytes_pass_both_ways(self, port: int) -> None:
        payload = bytes(range(256)) * 4000
        with connect(port) as sock:
            sock.sendall(payload)
            assert receive(sock, len(payload)) == payload

    def test_an_upstream_that_refuses_is_an_end_and_no_reset(self, server: Server) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            hole = server.create("hole", f"127.0.0.1:{unused.getsockname()[1]}")
            with connect(hole) as sock:
                assert sock.recv(1) == b""

    def test_latency_delays_and_its_removal_lets_go(self, server: Server, port: int) -> None:
        name = server.toxic("e", "latency", latency=60_000)
        with connect(port) as sock:
            sock.sendall(b"one")
            assert silent(sock)
            assert server.client.delete(f"/proxies/e/toxics/{name}").status_code == 204
            assert receive(sock, 3) == b"one"
            server.toxic("e", "latency", latency=150)
            began = time.monotonic()
            sock.sendall(b"two")
            assert receive(sock, 3) == b"two"
            assert time.monotonic() - began >= 0.148

    def test_latency_does_not_serialize_what_was_written_together(
        self, server: Server, port: int
    ) -> None:
        server.toxic("e", "latency", latency=200)
        with connect(port) as sock:
            began = time.monotonic()
            for number in range(10):
                sock.sendall(b"%d" % number)
                time.sleep(0.01)
            assert receive(sock, 10) == b"0123456789"
            assert 0.19 <= time.monotonic() - began < 1.0

    def test_bandwidth_holds_its_rate(self, server: Server, port: int) -> None:
        server.toxic("e", "bandwidth", rate=200)
        with connect(port) as sock:
            began = time.monotonic()
            sock.sendall(b"x" * 100_000)
            assert receive(sock, 100_000) == b"x" * 100_000
            assert 0.4 <= time.monotonic() - began < 2

    def test_a_timeout_swallows_and_its_removal_closes(self, server: Server, port: int) -> None:
        with connect(port) as sock:
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"
            name = server.toxic("e", "timeout", timeout=0)
            sock.sendall(b"lost")
            assert silent(sock)
            server.client.delete(f"/proxies/e/toxics/{name}")
            assert sock.recv(1) == b""

    @pytest.mark.parametrize("limit", [1, 10, 15])
    def test_limit_data_passes_exactly_so_much(self, server: Server, port: int, limit: int) -> None:
        server.toxic("e", "limit_data", bytes=limit)
        with connect(port) as sock:
            sock.sendall(b"0123456789abcdef")
            assert receive(sock, 100) == b"0123456789abcdef"[:limit]

    def test_a_slicer_leaves_the_bytes_as_they_were(self, server: Server, port: int) -> None:
        server.toxic("e", "slicer", average_size=64, size_variation=32, delay=10)
        payload = bytes(range(256)) * 20
        with connect(port) as sock:
            sock.sendall(payload)
            assert receive(sock, len(payload)) == payload

    def test_reset_peer_resets_a_new_connection(self, server: Server, port: int) -> None:
        server.toxic("e", "reset_peer", timeout=10)
        with connect(port) as sock:
            sock.sendall(b"x")
            with pytest.raises(ConnectionResetError):
                receive(sock, 1)

    def test_slow_close_delays_the_end_alone(self, server: Server) -> None:
        with socket.create_server(("127.0.0.1", 0)) as upstream:
            port = server.create("bye", f"127.0.0.1:{upstream.getsockname()[1]}")
            server.toxic("bye", "slow_close", delay=1000)
            with connect(port) as sock:
                peer, _ = upstream.accept()
                began = time.monotonic()
                peer.sendall(b"bye")
                peer.close()
                assert receive(sock, 3) == b"bye"
                assert time.monotonic() - began < 0.9
                assert sock.recv(1) == b""
                assert time.monotonic() - began >= 0.99

    def test_toxics_survive_disabling_and_a_new_upstream(
        self, server: Server, port: int, echo: Echo
    ) -> None:
        server.toxic("e", "limit_data", bytes=1)
        for change in ({"enabled": False}, {"enabled": True}, {"upstream": "127.0.0.1:9"}):
            assert server.client.post("/proxies/e", json=change).status_code == 200
        server.client.post("/proxies/e", json={"upstream": echo.address})
        with connect(port) as sock:
            sock.sendall(b"xyz")
            assert receive(sock, 3) == b"x"

    def test_disabling_drops_open_connections(self, server: Server, port: int) -> None:
        with connect(port) as sock:
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"
            server.client.post("/proxies/e", json={"enabled": False})
            assert ended(sock)
            with pytest.raises(ConnectionRefusedError):
                connect(port)

    def test_reset_enables_and_clears_everything(self, server: Server, echo: Echo) -> None:
        ports = [server.create(name, echo.address) for name in "ab"]
        server.toxic("a", "timeout", timeout=0)
        server.client.post("/proxies/b", json={"enabled": False})
        assert server.client.post("/reset").status_code == 204
        for port in ports:
            with connect(port) as sock:
                sock.sendall(b"x")
                assert receive(sock, 1) == b"x"


def ask(server: Server, method: str, target: str) -> tuple[int, dict[str, str], bytes]:
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=GUARD)
    client.putrequest(method, target)
    client.endheaders()
    reply = client.getresponse()
    found = (reply.status, dict(reply.getheaders()), reply.read())
    client.close()
    return found


def ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True
