"""The FHIR partner: a neighbouring hospital's FHIR server, which takes what is sent to it."""

from __future__ import annotations

from json import JSONDecodeError
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class FhirPartner:
    """`POST /fhir/{type}` stores a resource, `GET /fhir/{type}/{id}` shows it; `GET /calls`."""

    def __init__(self) -> None:
        self.calls = 0
        self._kept: dict[str, object] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/fhir/{kind}", self._create, methods=["POST"]),
            Route("/fhir/{kind}/{id}", self._read, methods=["GET"]),
            Route("/calls", self._count, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def _create(self, request: Request) -> JSONResponse:
        self.calls += 1
        try:
            resource = await request.json()
        except (JSONDecodeError, UnicodeDecodeError):
            return JSONResponse({"error": "not JSON."}, status_code=400)
        place = f"{request.path_params['kind']}/{uuid4().hex}"
        self._kept[place] = resource
        return JSONResponse(resource, status_code=201, headers={"Location": f"/fhir/{place}"})

    async def _read(self, request: Request) -> JSONResponse:
        place = f"{request.path_params['kind']}/{request.path_params['id']}"
        if place not in self._kept:
            return JSONResponse({"error": "nothing has this id."}, status_code=404)
        return JSONResponse(self._kept[place])

    async def _count(self, _request: Request) -> JSONResponse:
        return JSONResponse({"calls": self.calls})
