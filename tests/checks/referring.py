"""A hospital that does some things later, over real HTTP: sound, or with one planted habit."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LATER = 0.1  # seconds after which work is done
STATUS = {"taken back": "compensated", "booked for ever": "compensated", "stuck": "accepted"}


class Later:
    """Letters and referrals, and the appointments that referrals make."""

    def __init__(self, habit: str) -> None:
        self.habit = habit
        self.status: dict[str, str] = {}
        self.booked: dict[str, int] = {}

    def routes(self) -> list[Route]:
        post, get = ["POST"], ["GET"]
        return [
            Route("/v1/discharges", self.discharge, methods=post),
            Route("/v1/letters/{id}", self.read, methods=get),
            Route("/v1/slots", self.slot, methods=post),
            Route("/v1/referrals", self.refer, methods=post),
            Route("/v1/referrals/{id}", self.read, methods=get),
            Route("/v1/appointments", self.appointments, methods=get),
        ]

    async def discharge(self, _: Request) -> Response:
        if self.habit == "slow":
            await asyncio.sleep(LATER)
        return self._accept("accepted" if self.habit == "stuck" else "done")

    async def slot(self, _: Request) -> Response:
        self.booked[slot := str(uuid4())] = 0
        return JSONResponse({"id": slot}, 201)

    async def refer(self, request: Request) -> Response:
        slot = (await request.json())["slot"]
        self.booked[slot] = int(self.habit not in ("taken back", "not booked", "refused"))
        if self.habit in ("half", "refused"):
            return JSONResponse({}, 503)
        return self._accept(STATUS.get(self.habit, "completed"))

    async def read(self, request: Request) -> Response:
        identity = request.path_params["id"]
        if identity not in self.status:
            return JSONResponse({}, 503 if self.habit == "busy" else 404)
        return JSONResponse({"id": identity, "status": self.status[identity]})

    async def appointments(self, request: Request) -> Response:
        count = self.booked[request.query_params["slot"]]
        return JSONResponse({"appointments": [{"id": str(n)} for n in range(count)]})

    def _accept(self, end: str) -> Response:
        identity = str(uuid4())
        told: dict[str, Any] = {"id": identity, "status": "accepted"}
        if self.habit not in ("forgetful", "busy"):
            self.status[identity] = "accepted"
        asyncio.get_running_loop().call_later(LATER, self._end, identity, end)
        return JSONResponse(told, 202)

    def _end(self, identity: str, end: str) -> None:
        if self.habit != "forgetful":
            self.status[identity] = end


@contextmanager
def hospital_that(habit: str = "") -> Iterator[httpx.Client]:
    """A client of it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=Later(habit).routes()), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
