"""The insurer: answers eligibility questions over HTTP, and says how often it was asked."""

from __future__ import annotations

from json import JSONDecodeError

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Lifespan


class Insurer:
    """`POST /eligibility` {payer, member}; `GET /calls` counts what reached the partner."""

    def __init__(self) -> None:
        self.calls = 0

    def app(self, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/eligibility", self._eligibility, methods=["POST"]),
            Route("/calls", self._calls, methods=["GET"]),
        ]
        return Starlette(routes=routes, lifespan=lifespan)

    async def _eligibility(self, request: Request) -> JSONResponse:
        self.calls += 1
        try:
            question = await request.json()
            payer, member = question["payer"], question["member"]
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return JSONResponse({"error": "eligibility needs payer and member."}, status_code=400)
        return JSONResponse({"status": "active", "payer": payer, "member": member})

    async def _calls(self, _request: Request) -> JSONResponse:
        return JSONResponse({"calls": self.calls})
