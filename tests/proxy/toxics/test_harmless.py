"""The four inputs that kill a whole real server, with bytes flowing through them."""

from __future__ import annotations

import pytest

from ..conftest import Echo, Server, connect, receive, silent

DEADLY = {
    "bandwidth": {"rate": -1},
    "slicer": {"average_size": 0, "size_variation": 0, "delay": 0},
    "slicer, varied": {"average_size": 4, "size_variation": 9, "delay": 0},
    "latency": {"latency": 0, "jitter": 4_700_000_000_000_000_000},
}


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize("deadly", DEADLY)
def test_deadly_values_do_no_harm_and_their_removal_lets_everything_pass(
    server: Server, echo: Echo, deadly: str, stream: str
) -> None:
    ports = [server.create(name, echo.address) for name in ("broken", "other")]
    kind = deadly.partition(",")[0]
    with connect(ports[0]) as old, connect(ports[1]) as other:
        name = server.toxic("broken", kind, stream, **DEADLY[deadly])
        with connect(ports[0]) as new:
            for sock in (old, new):
                sock.sendall(b"kept" * 100)
            if kind == "bandwidth":
                assert silent(old)
            other.sendall(b"x")
            assert receive(other, 1) == b"x"
            assert server.client.delete(f"/proxies/broken/toxics/{name}").status_code == 204
            for sock in (old, new):
                assert receive(sock, 400) == b"kept" * 100
