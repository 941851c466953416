"""The insurer: answers eligibility questions over HTTP, and says how often it was asked."""

from __future__ import annotations

from collections.abc import Callable
from json import JSONDecodeError

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from reference_platform.partners.legacy_ehr import LegacyEhr
from reference_platform.partners.mode import Mode

Shape = Callable[[object, object], dict[str, object]]

CLEAN: Shape = lambda payer, member: {"status": "active", "payer": payer, "member": member}  # noqa: E731
SHAPES: tuple[Shape, ...] = (
    CLEAN,
    lambda payer, member: {"eligibility_status": "A", "payer_id": payer, "member_id": member},
    lambda payer, member: {"coverage": {"status": "Active", "payer": payer, "member": member}},
    lambda payer, member: {
        "results": [
            {"coverage": {"code": "COVERED"}, "payer": {"id": payer}, "member": {"id": member}}
        ]
    },
)
"""What a real one has answered in its successive releases, which still run side by side."""


class Insurer:
    """`POST /eligibility` {payer, member}; `GET /calls` counts what reached it; `POST /mode`.

    Under `/ehr` are the controls of the legacy EHR, which has no HTTP of its own.
    """

    def __init__(self, ehr: LegacyEhr | None = None) -> None:
        self.calls = 0
        self.mode = Mode()
        self._ehr = ehr or LegacyEhr()

    def app(self, lifespan: Lifespan[Starlette] | None = None) -> Starlette:
        """The ASGI application."""
        routes = [
            Route("/eligibility", self._eligibility, methods=["POST"]),
            Route("/calls", self._calls, methods=["GET"]),
            self.mode.route("/mode"),
            *self._ehr.controls("/ehr"),
        ]
        return Starlette(routes=routes, lifespan=lifespan)

    async def _eligibility(self, request: Request) -> Response:
        self.calls += 1
        try:
            question = await request.json()
            payer, member = question["payer"], question["member"]
        except (JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return JSONResponse({"error": "eligibility needs payer and member."}, status_code=400)
        if await self.mode.fails():
            return self._failure()
        shape = self.mode.chance.choice(SHAPES) if self.mode.real else CLEAN
        return JSONResponse(shape(payer, member))

    def _failure(self) -> Response:
        status = self.mode.chance.choice((500, 502, 503)) if self.mode.real else 500
        return JSONResponse({"error": "try again."}, status_code=status)

    async def _calls(self, _request: Request) -> JSONResponse:
        return JSONResponse({"calls": self.calls})
