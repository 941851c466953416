"""A small hospital over real HTTP and MLLP, sound or with planted defects."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PAUSE = 0.002  # what a database round trip takes; a race needs it between reading and writing


@dataclass
class Hospital:
    """State and handlers. ``defects`` names what is planted."""

    defects: frozenset[str]
    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    allergies: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    orders: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[bytes, dict[str, Any]]] = field(default_factory=dict)
    slots: dict[str, dict[str, Any]] = field(default_factory=dict)
    appointments: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lock = asyncio.Lock()

    def routes(self) -> list[Route]:
        post, get, put = ["POST"], ["GET"], ["PUT"]
        return [
            Route("/v1/openapi.json", self.contract, methods=get),
            Route("/v1/fhir/{kind}", self.create, methods=post),
            Route("/v1/fhir/{kind}", self.search, methods=get),
            Route("/v1/fhir/{kind}/{id}", self.read, methods=get),
            Route("/v1/fhir/{kind}/{id}", self.update, methods=put),
            Route("/v1/patients/{id}/allergies", self.append, methods=post),
            Route("/v1/patients/{id}/allergies", self.listed, methods=get),
            Route("/v1/orders", self.order, methods=post),
            Route("/v1/orders", self.ordered, methods=get),
            Route("/v1/slots", self.open_slot, methods=post),
            Route("/v1/appointments", self.book, methods=post),
            Route("/v1/appointments", self.booked, methods=get),
        ]

    async def contract(self, _: Request) -> Response:
        named = [{"name": "id", "in": "path"}]
        paths = {
            "/v1/fhir/{kind}/{id}": {"parameters": named, "get": {}, "put": {}},
            "/v1/patients/{id}/allergies": {"parameters": named, "get": {}, "post": {}},
        }
        return JSONResponse({"openapi": "3.1.0", "paths": paths})

    async def create(self, request: Request) -> Response:
        body = await self._body(request)
        if body is None:
            return _outcome(429 if "rate limit" in self.defects else 422)
        if "resourceType" not in body:
            return _outcome(500)
        return self._store(request, body["resourceType"], body, str(uuid4()), 1, 201)

    async def search(self, request: Request) -> Response:
        wanted = [*request.query_params.values()]
        found = [
            {"resource": stored["body"]}
            for (kind, _), stored in self.resources.items()
            if kind == request.path_params["kind"] and self._visible(request, stored["tenant"])
            if all(value in json.dumps(stored["body"]) for value in wanted if value != "100")
        ]
        return JSONResponse({"resourceType": "Bundle", "type": "searchset", "entry": found})

    async def read(self, request: Request) -> Response:
        stored = self._stored(request)
        return self._with_etag(stored, 200) if stored else _outcome(404)

    async def update(self, request: Request) -> Response:
        if "rate limit" in self.defects:
            return _outcome(429)
        body = await request.json()
        await asyncio.sleep(PAUSE)
        stored = self._stored(request)
        if stored is None:
            return _outcome(404)
        if "blind update" not in self.defects:
            match = request.headers.get("if-match", "")
            if match != f'W/"{stored["version"]}"':
                return _outcome(412 if match else 428)
        kind, key = request.path_params["kind"], request.path_params["id"]
        return self._store(request, kind, body, key, stored["version"] + 1, 200)

    async def append(self, request: Request) -> Response:
        if not self._visible_patient(request, request.path_params["id"]):
            return _outcome(404)
        entry, patient = await request.json(), request.path_params["id"]
        if "lost allergy" in self.defects:
            await self._append(patient, entry)
        else:
            async with self.lock:
                await self._append(patient, entry)
        return JSONResponse({"allergies": self.allergies[patient]}, 201)

    async def _append(self, patient: str, entry: dict[str, str]) -> None:
        before = list(self.allergies.get(patient, []))
        await asyncio.sleep(PAUSE)
        self.allergies[patient] = [*before, entry]

    async def listed(self, request: Request) -> Response:
        patient = request.path_params["id"]
        visible = self._visible_patient(request, patient)
        return JSONResponse({"allergies": self.allergies.get(patient, [])} if visible else {})

    async def order(self, request: Request) -> Response:
        raw, body = await request.body(), await self._body(request)
        if body is None:
            return _outcome(422)
        key = request.headers.get("idempotency-key", "")
        if "retried order" not in self.defects and key in self.keys:
            known, answer = self.keys[key]
            return JSONResponse(answer, 201) if known == raw else _outcome(422)
        self.orders.append(order := body | {"id": str(uuid4())})
        self.keys[key] = (raw, order)
        return JSONResponse(order, 201)

    async def ordered(self, request: Request) -> Response:
        patient = request.query_params["patient"]
        return JSONResponse({"orders": [o for o in self.orders if o.get("patient") == patient]})

    async def open_slot(self, request: Request) -> Response:
        slot = await request.json() | {"id": str(uuid4()), "booked": False}
        self.slots[slot["id"]] = slot
        return JSONResponse(slot, 201)

    async def book(self, request: Request) -> Response:
        body = await request.json()
        slot = self.slots[body["slot"]]
        if slot["booked"]:
            return _outcome(409)
        if "double booking" in self.defects:
            await asyncio.sleep(PAUSE)
        slot["booked"] = True
        booking = body | {"id": str(uuid4())}
        if "vanished booking" not in self.defects:
            self.appointments.append(booking)
        return JSONResponse(booking, 201)

    async def booked(self, request: Request) -> Response:
        slot = request.query_params["slot"]
        found = [a for a in self.appointments if a["slot"] == slot]
        return JSONResponse({"appointments": found})

    def _store(
        self, request: Request, kind: str, body: Any, key: str, version: int, status: int
    ) -> Response:
        stored = {"body": body | {"id": key}, "version": version, "tenant": _tenant(request)}
        self.resources[kind, key] = stored
        return self._with_etag(stored, status)

    def _with_etag(self, stored: dict[str, Any], status: int) -> Response:
        return JSONResponse(stored["body"], status, {"ETag": f'W/"{stored["version"]}"'})

    def _stored(self, request: Request) -> dict[str, Any] | None:
        stored = self.resources.get((request.path_params["kind"], request.path_params["id"]))
        return stored if stored and self._visible(request, stored["tenant"]) else None

    def _visible(self, request: Request, tenant: str) -> bool:
        if "trusted tenant header" in self.defects and request.headers.get("x-tenant") == tenant:
            return True
        return "cross-tenant" in self.defects or _tenant(request) == tenant

    def _visible_patient(self, request: Request, patient: str) -> bool:
        stored = self.resources.get(("Patient", patient))
        return stored is None or self._visible(request, stored["tenant"])

    async def _body(self, request: Request) -> dict[str, Any] | None:
        """The body of a well-formed create; None to refuse. The sound one knows three rules."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            return None
        if "malformed" in self.defects:
            return body if isinstance(body, dict) else None
        sound = isinstance(body, dict) and "json" in request.headers["content-type"]
        sound = sound and not {"nickname", "price"} & set(body)
        return body if sound and body.get("resourceType", "Patient") == "Patient" else None


def _tenant(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _outcome(status: int) -> Response:
    return JSONResponse({"resourceType": "OperationOutcome"}, status)


@contextmanager
def _served(hospital: Hospital) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(Starlette(routes=hospital.routes()), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


ClientOf = Callable[..., httpx.Client]


@pytest.fixture
def hospital() -> Iterator[ClientOf]:
    """Start a hospital with the named defects; gives a client of it for each tenant named."""
    with ExitStack() as stack:
        served: dict[frozenset[str], str] = {}

        def client(*defects: str, tenant: str = "riverside") -> httpx.Client:
            planted = frozenset(defects)
            if planted not in served:
                served[planted] = stack.enter_context(_served(Hospital(planted)))
            headers = {"Authorization": f"Bearer {tenant}"}
            return stack.enter_context(
                httpx.Client(base_url=served[planted], headers=headers, timeout=10)
            )

        yield client
