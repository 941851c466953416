"""The slicer toxic."""

from __future__ import annotations

import pytest

from ..conftest import Echo, Server, connect, receive


@pytest.mark.parametrize(
    ("average", "variation"), [(10, 5), (0, 0), (-5, 3), (4, 100), (2**63 - 1, 2**63 - 1)]
)
def test_every_size_leaves_the_bytes_as_they_were(
    server: Server, echo: Echo, average: int, variation: int
) -> None:
    port = server.create("e", echo.address)
    server.toxic("e", "slicer", average_size=average, size_variation=variation)
    payload = bytes(range(256)) * 40
    with connect(port) as sock:
        sock.sendall(payload)
        assert receive(sock, len(payload)) == payload


def test_pieces_come_one_by_one_and_removal_sends_the_rest(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    name = server.toxic("e", "slicer", average_size=2, delay=60_000_000)
    with connect(port) as sock:
        sock.sendall(b"abcdef")
        assert sock.recv(100) == b"ab"
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert receive(sock, 4) == b"cdef"
