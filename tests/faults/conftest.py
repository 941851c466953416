"""A proxy process with one edge, `dependency`, in front of an echo server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codeblue.faults import Ground
from codeblue.faults.ground import new_owner
from codeblue.faults.lease import leased
from codeblue.journal import Journal, RunDirectory

from ..proxy.conftest import Echo, Server, connect, echo, receive, server, shared_server

__all__ = ["echo", "server", "shared_server"]

EDGE = "dependency"


class Edge:
    """The proxied echo server."""

    def __init__(self, server: Server, upstream: str) -> None:
        self.server = server
        self.url = server.url
        self.upstream = upstream
        self.port = server.create(EDGE, upstream)

    def works(self) -> bool:
        """Whether a byte comes back over a new connection."""
        try:
            with connect(self.port) as sock:
                sock.settimeout(0.5)
                sock.sendall(b"x")
                return receive(sock, 1) == b"x"
        except OSError:
            return False

    def toxics(self) -> list[dict[str, Any]]:
        return list(self.server.client.get(f"/proxies/{EDGE}/toxics").json())


@pytest.fixture
def edge(server: Server, echo: Echo) -> Edge:
    return Edge(server, echo.address)


@pytest.fixture
def ground(edge: Edge) -> Iterator[Ground]:
    """Ground with a living lease on the proxy of ``edge``."""
    with leased(edge.url, new_owner()) as lease:
        yield Ground(lease.owner, edge.url, leased=lease.supported)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(RunDirectory(tmp_path))


def events(journal: Journal) -> list[dict[str, Any]]:
    lines = journal.run.events.read_text().splitlines()
    return [json.loads(line) for line in lines]
