"""TCP ports of this machine's loopback interface: is one taken, and which one is free."""

from __future__ import annotations

import random
import socket

HOST = "127.0.0.1"
# Below the range from which Linux numbers outgoing connections, so that none of them
# takes the port of a service between its death and its restart.
_FREE = range(20000, 32000)


class PortTakenError(Exception):
    """A configured port belongs to another process, or was given to two services."""


def taken(port: int) -> bool:
    """Whether a server could not listen on `port` now."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
            trial.listen(1)
        except OSError:
            return True
    return False


def accepts(port: int) -> bool:
    """Whether something answers a connection to `port`."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def assign(wanted: dict[str, int]) -> dict[str, int]:
    """Give every variable of `wanted` its port: the configured one, or a free one for 0.

    Raises:
        PortTakenError: a configured port is taken; the sentence names the port and the variable.
    """
    given = [port for port in wanted.values() if port]
    for variable, port in wanted.items():
        if port and (taken(port) or given.count(port) > 1):
            raise PortTakenError(
                f"{variable}: port {port} is already taken. Free it, or choose another."
            )
    drawn = set(given)
    return {variable: port or _draw(drawn) for variable, port in wanted.items()}


def _draw(drawn: set[int]) -> int:
    """A free port that is not in `drawn`, to which it is added."""
    for port in random.sample(_FREE, 200):
        if port not in drawn and not taken(port):
            drawn.add(port)
            return port
    raise PortTakenError(f"no free port found between {_FREE.start} and {_FREE.stop}. Name one.")
