"""The SMS sink: takes text messages, and shows what it took, repetitions included."""

from __future__ import annotations

from collections import deque
from json import JSONDecodeError

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reference_platform.partners.mode import Mode

KEPT = 20_000
"""The messages that are shown: the latest ones."""


class SmsSink:
    """`POST /messages` {key, to, text} takes one; `GET /messages` shows all that were taken.

    `GET /calls` counts the attempts, `POST /mode` says how well it behaves. A real one also loses
    its answer after it took a message, so that its senders repeat themselves.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.mode = Mode()
        self._taken: deque[dict[str, str]] = deque(maxlen=KEPT)

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/messages", self._take, methods=["POST"]),
            Route("/messages", self._show, methods=["GET"]),
            Route("/calls", self._count, methods=["GET"]),
            self.mode.route("/mode"),
        ]
        return Starlette(routes=routes)

    async def _take(self, request: Request) -> JSONResponse:
        self.calls += 1
        try:
            message = await request.json()
            taken = {name: str(message[name]) for name in ("key", "to", "text")}
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return JSONResponse({"error": "a message needs key, to and text."}, status_code=400)
        if await self.mode.fails():
            if self.mode.real and self.mode.chance.random() < 0.5:  # noqa: PLR2004
                self._taken.append(taken)
            return JSONResponse({"error": "try again."}, status_code=503)
        self._taken.append(taken)
        return JSONResponse({"key": taken["key"]}, status_code=202)

    async def _show(self, _request: Request) -> JSONResponse:
        """Whoever sends a key again means the same message: `distinct` counts the keys."""
        distinct = len({message["key"] for message in self._taken})
        return JSONResponse({"messages": list(self._taken), "distinct": distinct})

    async def _count(self, _request: Request) -> JSONResponse:
        return JSONResponse({"calls": self.calls})
