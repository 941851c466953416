"""Tokens, keys and alerts; all but the alerts are answered by the gateway itself."""

from __future__ import annotations

from reference_platform.contract import security
from reference_platform.roles import ROLES
from reference_platform.services.gateway.operations.operation import Operation

_ANYBODY = tuple(ROLES)

SECURITY: list[Operation] = [
    Operation(
        "issueToken", "An access token for a client", "POST", "/v1/auth/token", None,
        security.AccessToken, form=security.TokenRequest, public=True,
    ),
    Operation(
        "introspectToken", "What an access token of the own tenant grants", "POST",
        "/v1/auth/introspect", None, security.Introspection, form=security.TokenForm,
        roles=_ANYBODY,
    ),
    Operation(
        "revokeToken", "An access token is believed no longer", "POST", "/v1/auth/revoke", None,
        security.Revoked, form=security.TokenForm, refusals=(502,), roles=_ANYBODY,
    ),
    Operation(
        "readKeys", "The keys that sign access tokens", "GET", "/v1/auth/jwks", None,
        security.JsonWebKeySet, public=True,
    ),
    Operation(
        "revokeServiceKey", "A service's key is believed no longer, and replaced", "POST",
        "/v1/auth/service-keys/{service}/revocations", None, security.ServiceKey, 201,
        refusals=(404, 409), roles=("administrator",),
    ),
    Operation(
        "smartConfiguration", "How to get a token here", "GET",
        "/v1/fhir/.well-known/smart-configuration", None, security.SmartConfiguration,
        public=True,
    ),
    Operation(
        "listAlerts", "What somebody has to look at", "GET", "/v1/alerts", "records",
        security.Alerts, refusals=(502,), roles=("auditor",),
    ),
]  # fmt: skip
