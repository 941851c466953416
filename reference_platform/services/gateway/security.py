"""Everything of the gateway that is about who may do what, put together."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from reference_platform.decisions import Decisions
from reference_platform.outcomes import MEDIA_TYPE
from reference_platform.services.downstream import Downstream
from reference_platform.services.gateway.alerts import Alerts
from reference_platform.services.gateway.authentication import Authentication, Clients
from reference_platform.services.gateway.authorization_server import AuthorizationServer
from reference_platform.services.gateway.consents import Consents
from reference_platform.services.gateway.revocations import Revocations
from reference_platform.services.gateway.stages.authorization import Authorization
from reference_platform.services.gateway.stages.compartment import Compartment
from reference_platform.services.gateway.stages.identification import Identification
from reference_platform.services.gateway.tokens import AccessTokens
from reference_platform.services.telemetry import CountedRoute
from reference_platform.settings import Settings


class Security:
    """The stages `identification`, `authorization` and `compartment`, and the endpoints of OAuth.

    `revocations` is to be entered as long as the gateway runs.
    """

    def __init__(self, settings: Settings, decisions: Decisions, records: Downstream) -> None:
        clients, tokens = Clients(settings.tokens), AccessTokens(settings)
        scopes, clock = decisions.object_scopes, settings.clock
        alerts = Alerts(records, clock)
        self.revocations = Revocations(records, clock)
        self._server = AuthorizationServer(clients, tokens, self.revocations, alerts, settings.keys)
        self.identification = Identification(Authentication(clients, tokens, self.revocations))
        self.authorization = Authorization(scopes)
        self.compartment = Compartment(scopes, Consents(records, scopes, clock), alerts, records)
        self.answers = self._server.answers()

    def well_known(self) -> CountedRoute:
        """The SMART configuration where clients that know no version of the API look for it."""

        async def show(_request: Request) -> Response:
            return Response(self._server.smart_configuration(), media_type=MEDIA_TYPE)

        return CountedRoute("/.well-known/smart-configuration", show, methods=["GET"])
