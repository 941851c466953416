"""A tiny platform that keeps notes, with a profile for each way in which a load can end.

    python load_platform.py PROFILE PORT

POST /notes answers 201 with the note and its id, GET /notes/ID gives it back.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from itertools import count

PROFILES = ("production", "forgetful", "failing", "freezing", "limited")
FREEZES_AFTER = 15  # notes
MOST = 50  # notes that `limited` takes within a second; it refuses the others


class Platform:
    def __init__(self, profile: str) -> None:
        self.profile = profile
        self.notes: dict[str, dict[str, object]] = {}
        self.numbers = count(1)
        self.taken: deque[float] = deque(maxlen=MOST)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            method, path, _ = head[0].split(" ", 2)
            length = next((int(h[15:]) for h in head if h.lower().startswith("content-length:")), 0)
            status, answer = await self.answer(method, path, await reader.readexactly(length))
            body = json.dumps(answer).encode()
            writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % status)
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    async def answer(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, object]]:
        if method == "GET":
            note = self.notes.get(path.removeprefix("/notes/"))
            return (404, {}) if note is None and "/notes/" in path else (200, note or {})
        number = next(self.numbers)
        if self.profile == "failing":
            return 503, {}
        if self.profile == "freezing" and number > FREEZES_AFTER:
            await asyncio.sleep(3600)
        if self.profile == "limited" and not self.take(time.monotonic()):
            return 503, {}
        note = {**json.loads(body), "id": str(number)}
        if self.profile != "forgetful" or number % 5:
            self.notes[str(number)] = note
        return 201, note

    def take(self, now: float) -> bool:
        if len(self.taken) == MOST and now - self.taken[0] < 1:
            return False
        self.taken.append(now)
        return True


async def _head(reader: asyncio.StreamReader) -> list[str]:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return []


async def main(profile: str, port: int) -> None:
    if profile not in PROFILES:
        print(f'error: profile "{profile}": no such profile.')  # noqa: T201 - into its log
        sys.exit(2)
    server = await asyncio.start_server(Platform(profile).serve, "127.0.0.1", port, backlog=1000)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
