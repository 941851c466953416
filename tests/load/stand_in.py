"""A tiny HTTP/1.1 platform for load tests, run as a process of its own so that it can be frozen.

GET answers 200, POST 201 with an id; ``/status/N`` answers N; ``/close`` hangs up without a word.
"""

from __future__ import annotations

import asyncio
import itertools

_ids = itertools.count(1)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while head := await _head(reader):
        method, path, _ = head[0].split(" ", 2)
        length = next((int(h[15:]) for h in head if h.lower().startswith("content-length:")), 0)
        await reader.readexactly(length)
        if path == "/close":
            break
        status = int(path.rpartition("/")[2]) if "/status/" in path else 200
        if method == "POST" and status == 200:
            status = 201
        body = b'{"id": "%d"}' % next(_ids)
        writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % status)
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
    writer.close()


async def _head(reader: asyncio.StreamReader) -> list[str]:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return []


async def main() -> None:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0, backlog=1000)
    port = server.sockets[0].getsockname()[1]
    print(port, flush=True)  # noqa: T201 - this is how the test learns it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
