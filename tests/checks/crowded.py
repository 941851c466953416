"""A hospital with long records, many readers and busy nights, over real HTTP.

It is sound, or has planted habits: "row by row", "by offset", "endless" pages; "forgetful" charts,
of which each address keeps its own; "locked" accounts; "refusing" orders; "stuck" billing runs;
"silent" about what it created.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROW = 0.002  # seconds that a row takes for whoever reads row by row
LARGEST = 100
BILLING = 0.4  # seconds that a run takes
CREATED, REFUSED, BUSY = 201, 400, 503


class Crowded:
    """What all addresses of the hospital share."""

    def __init__(self, *habits: str) -> None:
        self.habits = frozenset(habits)
        self.resources: dict[str, dict[str, Any]] = {}
        self.orders = 0
        self.owing: set[str] = set()
        self.runs: dict[str, dict[str, Any]] = {}
        self.unlocked = asyncio.Event()
        self.unlocked.set()

    def store(self, resource: dict[str, Any]) -> str:
        identity = f"{len(self.resources) + 1:06d}"
        self.resources[identity] = resource | {"id": identity}
        return identity

    def observations(self, patient: str) -> list[dict[str, Any]]:
        """The newest first."""
        subject = {"reference": f"Patient/{patient}"}
        found = [each for each in self.resources.values() if each.get("subject") == subject]
        return found[::-1]


class Address:
    """One address of the hospital, with what it alone remembers."""

    def __init__(self, shared: Crowded) -> None:
        self.shared = shared
        self.kept: dict[str, bytes] = {}
        self.charts_made = 0

    def routes(self) -> list[Route]:
        post, get = ["POST"], ["GET"]
        return [
            Route("/v1/fhir", self.transaction, methods=post),
            Route("/v1/fhir/{kind}", self.create, methods=post),
            Route("/v1/fhir/Observation", self.search, methods=get),
            Route("/v1/fhir/Patient/{id}", self.read, methods=get),
            Route("/v1/patients/{id}/chart", self.chart, methods=get),
            Route("/v1/orders", self.order, methods=post),
            Route("/v1/billing-runs", self.bill, methods=post),
            Route("/v1/billing-runs/{id}", self.billed, methods=get),
        ]

    async def transaction(self, request: Request) -> Response:
        resources = [entry["resource"] for entry in (await request.json())["entry"]]
        if "silent" in self.shared.habits:
            return JSONResponse({"entry": []})
        places = [
            f"{each['resourceType']}/{self.shared.store(each)}/_history/1" for each in resources
        ]
        return JSONResponse({"entry": [{"response": {"location": place}} for place in places]})

    async def create(self, request: Request) -> Response:
        return JSONResponse({"id": self.shared.store(await request.json())}, CREATED)

    async def read(self, request: Request) -> Response:
        return JSONResponse(self.shared.resources[request.path_params["id"]])

    async def search(self, request: Request) -> Response:
        habits, asked = self.shared.habits, dict(request.query_params)
        rows = self.shared.observations(asked["patient"])
        size = int(asked.get("_count", "20"))
        if size > LARGEST and "endless" not in habits:
            return JSONResponse({}, REFUSED)
        if "by offset" in habits:
            begin = int(asked.get("_cursor", "0"))
            page, cursor = rows[begin : begin + size], str(begin + size)
        else:
            page = [row for row in rows if row["id"] < asked.get("_cursor", "x")][:size]
            cursor = page[-1]["id"] if page else ""
        await asyncio.sleep(ROW * len(page) if "row by row" in habits else ROW)
        following = request.url.include_query_params(_cursor=cursor)
        return JSONResponse({
            "resourceType": "Bundle",
            "entry": [{"resource": row} for row in page],
            "link": [{"relation": "next", "url": str(following)}] if len(page) == size else [],
        })  # fmt: skip

    async def chart(self, request: Request) -> Response:
        patient = request.path_params["id"]
        if "forgetful" in self.shared.habits and patient in self.kept:
            return Response(self.kept[patient], media_type="application/json")
        self.charts_made += 1
        made = JSONResponse({"observations": self.shared.observations(patient)[:20]})
        self.kept[patient] = bytes(made.body)
        return made

    async def order(self, request: Request) -> Response:
        shared, patient = self.shared, (await request.json())["patient"]
        if "refusing" in shared.habits:
            return JSONResponse({}, BUSY)
        if "locked" in shared.habits:
            await shared.unlocked.wait()
        shared.owing.add(patient)
        return JSONResponse({"id": shared.store({"patient": patient})}, CREATED)

    async def bill(self, _: Request) -> Response:
        shared, run = self.shared, {"id": "r1", "status": "running", "accounts": 0}
        shared.runs["r1"] = run
        if "stuck" not in shared.habits:
            shared.unlocked.clear()
            asyncio.get_running_loop().call_later(BILLING, self._end, run)
        return JSONResponse(run, 202)

    def _end(self, run: dict[str, Any]) -> None:
        run |= {"status": "done", "accounts": len(self.shared.owing)}
        self.shared.unlocked.set()

    async def billed(self, request: Request) -> Response:
        return JSONResponse(self.shared.runs[request.path_params["id"]])


@contextmanager
def served(*addresses: Address) -> Iterator[list[str]]:
    """The URLs of the addresses."""
    with ExitStack() as stack:
        yield [stack.enter_context(_served(address)) for address in addresses]


@contextmanager
def _served(address: Address) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=address.routes()), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
