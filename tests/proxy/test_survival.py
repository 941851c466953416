"""What kills a real Toxiproxy v2.12.0, with all its proxies: ours lives on, and says so."""

from __future__ import annotations

import pytest

from .conftest import Echo, Server, connect, receive, silent

DEADLY = {
    "a bandwidth below 0": ("bandwidth", {"rate": -1}),
    "slices of size 0": ("slicer", {"average_size": 0, "size_variation": 0, "delay": 0}),
    "slices that vary by more than their size": (
        "slicer",
        {"average_size": 10, "size_variation": 1000, "delay": 0},
    ),
    "a jitter beyond all reason": ("latency", {"latency": 0, "jitter": 4_700_000_000_000_000_000}),
}


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
@pytest.mark.parametrize("what", DEADLY)
def test_it_is_accepted_as_there_and_harms_only_its_own_proxy(
    server: Server, echo: Echo, what: str, stream: str
) -> None:
    kind, attributes = DEADLY[what]
    harmed, healthy = server.create("e", echo.address), server.create("f", echo.address)
    name = server.toxic("e", kind, stream, **attributes)
    with connect(harmed) as first, connect(harmed) as second:
        for sock in (first, second):
            sock.sendall(bytes(range(256)) * 300)
            silent(sock, 0.05)
        with connect(healthy) as sock:
            sock.sendall(b"well")
            assert receive(sock, 4) == b"well"
        assert server.client.delete(f"/proxies/e/toxics/{name}").status_code == 204
        assert receive(first, 256 * 300) == bytes(range(256)) * 300
    with connect(harmed) as sock:
        sock.sendall(b"healed")
        assert receive(sock, 6) == b"healed"


@pytest.mark.parametrize("what", DEADLY)
def test_it_is_refused_in_a_sentence_when_ranges_count(
    server: Server, echo: Echo, what: str
) -> None:
    kind, attributes = DEADLY[what]
    server.create("e", echo.address)
    toxic = {"type": kind, "attributes": attributes}
    reply = server.client.post("/proxies/e/toxics?strict=1", json=toxic)
    assert reply.status_code == 400
    assert f"toxic {kind}_downstream: " in reply.json()["error"]
