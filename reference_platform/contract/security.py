"""Tokens, their forms and answers (RFC 6749, 7009, 7517, 7662, SMART App Launch), and alerts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from reference_platform.contract.primitives import ID_PATTERN, Id, Instant, Line, Strict, absent

Secret = Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^[!-~]+$")]


class Form(Strict):
    """Form fields: text; unknown ones are ignored (RFC 6749, 3.2)."""

    model_config = ConfigDict(extra="ignore")


class TokenRequest(Form):
    """Client credentials for an access token; `patient` confines it to one (patient launch)."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Field(pattern=r"^[a-z0-9_\-]{1,100}$")]
    client_secret: Secret
    scope: Annotated[str, Field(max_length=2000, pattern=r"^[!-~]+( [!-~]+)*$")] = absent()
    patient: Annotated[str, Field(pattern=ID_PATTERN)] = absent()


class TokenForm(Form):
    """The access token that it is about."""

    token: Secret


class AccessToken(Strict):
    """RFC 6749, 5.1; `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: str
    patient: Id = absent()


class Introspection(Strict):
    """RFC 7662, 2.2; a token that is not `active` has nothing else to say."""

    active: bool
    scope: str = absent()
    client_id: str = absent()
    sub: str = absent()
    tenant: str = absent()
    role: str = absent()
    patient: str = absent()
    iat: int = absent()
    exp: int = absent()
    jti: str = absent()


class Revoked(Strict):
    """The token is not, or no longer, believed anywhere."""

    active: Literal[False]


class JsonWebKey(Strict):
    """RFC 8037."""

    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    x: str
    kid: str
    alg: Literal["EdDSA"]
    use: Literal["sig"]


class JsonWebKeySet(Strict):
    """RFC 7517, 5."""

    keys: list[JsonWebKey]


class SmartConfiguration(Strict):
    """https://hl7.org/fhir/smart-app-launch/conformance.html."""

    issuer: str
    jwks_uri: str
    token_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    token_endpoint_auth_methods_supported: list[str]
    grant_types_supported: list[str]
    scopes_supported: list[str]
    capabilities: list[str]


class ServiceKey(Strict):
    """The key with which a service signs from now on; its earlier ones are refused."""

    service: Line
    kid: Line


class Alert(Strict):
    """Something that somebody has to look at; `target` is what was asked for."""

    id: Id
    kind: Literal["break-glass", "log-in"]
    subject: str
    role: str
    target: str
    reason: str
    recorded: Instant
    ends: Instant


class Alerts(Strict):
    """The newest first, at most 200."""

    alerts: list[Alert]
