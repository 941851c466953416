"""The SMS sink: takes text messages, and shows what it took."""

from __future__ import annotations

from json import JSONDecodeError

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class SmsSink:
    """`POST /messages` {key, to, text} takes one; `GET /messages` shows all that were taken."""

    def __init__(self) -> None:
        self._taken: list[dict[str, str]] = []

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/messages", self._take, methods=["POST"]),
            Route("/messages", self._show, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _take(self, request: Request) -> JSONResponse:
        try:
            message = await request.json()
            taken = {name: str(message[name]) for name in ("key", "to", "text")}
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return JSONResponse({"error": "a message needs key, to and text."}, status_code=400)
        self._taken.append(taken)
        return JSONResponse({"key": taken["key"]}, status_code=202)

    async def _show(self, _request: Request) -> JSONResponse:
        return JSONResponse({"messages": self._taken})
