"""The FHIR partner: a neighbouring hospital's FHIR server, which takes what is sent to it."""

from __future__ import annotations

from json import JSONDecodeError
from urllib.parse import parse_qs
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from reference_platform.partners.mode import Mode

KEPT = 10_000
"""The resources that are kept: the latest ones."""
_FAILURES = ((429, "throttled"), (500, "exception"), (503, "transient"))


class FhirPartner:
    """`POST /fhir/{type}` stores a resource, `GET /fhir/{type}/{id}` shows it.

    `If-None-Exist: identifier=...` creates only what is not there
    (https://hl7.org/fhir/R4/http.html#ccreate). `GET /calls` counts; `POST /mode` sets the mode.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.mode = Mode()
        self._kept: dict[str, object] = {}
        self._places: dict[str, str] = {}

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/fhir/{kind}", self._create, methods=["POST"]),
            Route("/fhir/{kind}/{id}", self._read, methods=["GET"]),
            Route("/calls", self._count, methods=["GET"]),
            self.mode.route("/mode"),
        ]
        return Starlette(routes=routes)

    async def _create(self, request: Request) -> JSONResponse:
        self.calls += 1
        try:
            resource = await request.json()
        except (JSONDecodeError, UnicodeDecodeError):
            return _outcome(400, "structure")
        if await self.mode.fails():
            return self._failure()
        kind = str(request.path_params["kind"])
        known = self._places.get(f"{kind}?{_condition(request)}")
        place = known or self._keep(kind, resource, _condition(request))
        headers = {"Location": f"/fhir/{place}"}
        return JSONResponse(self._kept[place], 200 if known else 201, headers)

    def _keep(self, kind: str, resource: object, condition: str) -> str:
        place = f"{kind}/{uuid4().hex}"
        self._kept[place] = resource
        if condition:
            self._places[f"{kind}?{condition}"] = place
        for kept in (self._kept, self._places):
            if len(kept) > KEPT:
                del kept[next(iter(kept))]
        return place

    def _failure(self) -> JSONResponse:
        if not self.mode.real:
            return _outcome(500, "exception")
        status, code = self.mode.chance.choice(_FAILURES)
        answer = _outcome(status, code)
        if status != 500:  # noqa: PLR2004
            answer.headers["Retry-After"] = "1"
        return answer

    async def _read(self, request: Request) -> JSONResponse:
        place = f"{request.path_params['kind']}/{request.path_params['id']}"
        if place not in self._kept:
            return _outcome(404, "not-found")
        return JSONResponse(self._kept[place])

    async def _count(self, _request: Request) -> JSONResponse:
        return JSONResponse({"calls": self.calls, "resources": len(self._kept)})


def _condition(request: Request) -> str:
    """The identifier that must not be there yet."""
    query = parse_qs(request.headers.get("If-None-Exist", ""))
    return query.get("identifier", [""])[0]


def _outcome(status: int, code: str) -> JSONResponse:
    issue = {"severity": "error", "code": code}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status)
