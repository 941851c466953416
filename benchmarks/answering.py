"""A platform that answers at once, so that what is measured is who asks. Prints its port.

GET is answered with 200 and POST with 201 and a new id; it runs as a process of its own.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import cast

import uvloop

_END = b"\r\n\r\n"
_HEAD = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"


class Answering(asyncio.Protocol):
    """One connection; requests may arrive in pieces, one at a time."""

    ids = itertools.count(1)
    transport: asyncio.Transport

    def __init__(self) -> None:
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer as soon as head and body are there."""
        self.received += data
        head, end, body = self.received.partition(_END)
        _, _, length = head.lower().partition(b"content-length: ")
        if not end or len(body) < int(length.partition(b"\r\n")[0] or 0):
            return
        status = b"201 Created" if head.startswith(b"POST") else b"200 OK"
        answer = b'{"id":"%d"}' % next(self.ids)
        self.transport.write(_HEAD % (status, len(answer), answer))
        self.received = b""


async def main() -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Answering, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
