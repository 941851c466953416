"""Chains of toxics that change while bytes flow: nothing is lost, doubled or reordered."""

from __future__ import annotations

import random
import threading

from ..conftest import Echo, Server, connect, receive

HARMLESS: tuple[tuple[str, dict[str, int]], ...] = (
    ("latency", {"latency": 5, "jitter": 3}),
    ("bandwidth", {"rate": 20_000}),
    ("slicer", {"average_size": 500, "size_variation": 200}),
    ("noop", {}),
    ("slow_close", {"delay": 5}),
    ("shared_bandwidth", {"rate": 20_000}),
    ("loss", {"percent": 5, "stall": 5}),
    ("slow_body", {"size": 20_000, "delay": 1}),
)


def test_bytes_survive_any_change_of_the_chain(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    payload = random.Random(1).randbytes(3_000_000)
    draw = random.Random(2)
    with connect(port) as sock:
        writer = threading.Thread(target=sock.sendall, args=(payload,), daemon=True)
        answers: list[bytes] = []
        reader = threading.Thread(target=lambda: answers.append(receive(sock, len(payload))))
        writer.start()
        reader.start()
        while reader.is_alive():
            kind, attributes = draw.choice(HARMLESS)
            stream = draw.choice(["upstream", "downstream"])
            name = f"/proxies/e/toxics/{kind}_{stream}"
            toxic = {"type": kind, "stream": stream, "attributes": attributes}
            if server.client.post("/proxies/e/toxics", json=toxic).status_code == 409:
                change = draw.choice(["DELETE", "POST"])
                server.client.request(change, name, json={"attributes": attributes})
        reader.join()
    assert answers[0] == payload
