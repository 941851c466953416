"""The blackhole toxic."""

from __future__ import annotations

from ..conftest import Echo, Server, connect, receive, silent
from .virtual import Line, virtual_time


def test_one_direction_vanishes_until_it_is_removed(server: Server, echo: Echo) -> None:
    port = server.create("e", echo.address)
    with connect(port) as sock:
        sock.sendall(b"x")
        assert receive(sock, 1) == b"x"
        name = server.toxic("e", "blackhole", "downstream")
        sock.sendall(b"heard, and the answer is lost")
        assert silent(sock)
        server.client.delete(f"/proxies/e/toxics/{name}")
        assert silent(sock, 0.1)
        sock.sendall(b"y")
        assert receive(sock, 1) == b"y"


def test_the_other_direction_works() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        line.add("blackhole", "upstream")
        pair = line.connect()
        pair.ask(b"question")
        pair.answer(b"answer")
        clock.advance(3600)
        assert (pair.server.received, pair.client.received) == (b"", b"answer")
        assert not pair.over


def test_an_end_that_came_meanwhile_comes_with_the_removal() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("blackhole", "upstream")
        pair = line.connect()
        pair.hang_up()
        clock.advance(10)
        assert not pair.server.eof
        line.remove(toxic)
        assert pair.server.eof
