"""The draw that decides which connections a toxic touches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codeblue.proxy.toxic import chance

from .conftest import Echo, Server, connect, silent


@given(st.integers(), st.text(), st.text(), st.integers(min_value=1))
def test_the_same_names_draw_the_same(seed: int, proxy: str, toxic: str, number: int) -> None:
    first = chance(seed, proxy, toxic, number).random()
    assert first == chance(seed, proxy, toxic, number).random()


def test_the_share_is_the_toxicity() -> None:
    hit = sum(chance(0, "p", "t", number).random() < 0.3 for number in range(10_000))
    assert 2_800 < hit < 3_200


def test_a_connection_keeps_its_draw(server: Server, echo: Echo) -> None:
    """Changes elsewhere in the chain must not turn a healthy connection into a broken one."""
    port = server.create("e", echo.address)
    toxic = {"type": "timeout", "toxicity": 0.5, "attributes": {"timeout": 0}}
    server.client.post("/proxies/e/toxics", json=toxic)
    socks = [connect(port) for _ in range(12)]
    expected = [chance(0, "e", "timeout_downstream", n).random() < 0.5 for n in range(1, 13)]
    assert len(set(expected)) == 2
    for kind in ("noop", "latency"):
        for sock in socks:
            sock.sendall(b"x")
        hung = []
        for sock in socks:
            if not (still := silent(sock, 0.1)):
                sock.recv(1)
            hung.append(still)
        assert hung == expected
        server.toxic("e", kind)
    for sock in socks:
        sock.close()
