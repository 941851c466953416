"""What a proxy says of itself: counters and metrics while bytes flow, and its decisions."""

from __future__ import annotations

import re

from codeblue.proxy.toxic import chance

from ..conftest import Echo, Server, connect, receive, silent

SAMPLE = re.compile(r"^([a-z_]+)\{(.*)\} ([0-9]+)$")


def samples(text: str) -> dict[tuple[str, str], int]:
    """(metric, labels) -> value."""
    found = (SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {(match[1], match[2]): int(match[3]) for match in found if match}


def test_metrics_count_live_connections_by_direction(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "limit_data", "downstream", bytes=1000)
    with connect(port) as sock:
        sock.sendall(b"x" * 10)
        assert receive(sock, 10) == b"x" * 10
        server.toxic("e", "timeout", "downstream", timeout=0)
        sock.sendall(b"y" * 5)
        assert silent(sock)
        found = samples(server.client.get("/metrics").text)
    labels = f'listener="127.0.0.1:{port}",proxy="e",upstream="{echo.address}"'
    expected = {"upstream": (15, 15), "downstream": (15, 10)}
    for direction, (received, sent) in expected.items():
        key = f'direction="{direction}",{labels}'
        assert found["toxiproxy_proxy_received_bytes_total", key] == received
        assert found["toxiproxy_proxy_sent_bytes_total", key] == sent


def test_metrics_are_prometheus_text_whatever_a_proxy_is_called(server: Server, echo: Echo) -> None:
    body = {"name": 'a"b\\c\nd', "listen": "127.0.0.1:0", "upstream": echo.address}
    server.client.post("/proxies", json=body)
    reply = server.client.get("/metrics")
    server.client.delete("/proxies/a%22b%5Cc%0Ad")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert r'proxy="a\"b\\c\nd"' in reply.text
    for line in reply.text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or SAMPLE.match(line)


def test_metrics_answer_any_verb(server: Server) -> None:
    for method in ("GET", "POST", "DELETE", "HEAD"):
        assert server.client.request(method, "/metrics").status_code == 200


def test_decisions_say_which_connections_a_toxic_drew(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    toxic = {"type": "latency", "toxicity": 0.5, "attributes": {"latency": 1}}
    server.client.post("/proxies/e/toxics", json=toxic)
    for _ in range(20):
        with connect(port) as sock:
            sock.sendall(b"x")
            assert receive(sock, 1) == b"x"
    decisions = server.client.get("/proxies/e/decisions").json()
    assert decisions == [
        {
            "connection": number,
            "toxic": "latency_downstream",
            "stream": "downstream",
            "bites": chance(0, "e", "latency_downstream", number).random() < 0.5,
        }
        for number in range(1, 21)
    ]
    assert {decision["bites"] for decision in decisions} == {True, False}


def test_of_a_proxy_that_is_not_there_nothing_is_told(server: Server) -> None:
    for what in ("counters", "decisions"):
        assert server.client.get(f"/proxies/none/{what}").status_code == 404
