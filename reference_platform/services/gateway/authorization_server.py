"""The gateway as OAuth 2.0 authorization server: tokens are issued, looked into and revoked."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from reference_platform.contract.security import TokenForm, TokenRequest
from reference_platform.identity import Identity
from reference_platform.keys import Keyring, UnverifiedError
from reference_platform.outcomes import Refusal
from reference_platform.roles import ROLES
from reference_platform.scopes import parse
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.alerts import Alerts
from reference_platform.services.gateway.authentication import Clients
from reference_platform.services.gateway.exchange import Exchange
from reference_platform.services.gateway.forwarding import Answer
from reference_platform.services.gateway.revocations import Revocations
from reference_platform.services.gateway.throttle import LogInThrottle
from reference_platform.services.gateway.tokens import LIFE, AccessTokens, Verified

_FORM = "application/x-www-form-urlencoded"
_FORM_LIMIT = 16 * 1024
_STRANGER = "unknown"
_M = TypeVar("_M", bound=BaseModel)


class AuthorizationServer:
    """Its endpoints, as answers of the gateway."""

    def __init__(
        self,
        clients: Clients,
        access_tokens: AccessTokens,
        revocations: Revocations,
        alerts: Alerts,
        keys: Keyring,
    ) -> None:
        self._clients = clients
        self._access_tokens = access_tokens
        self._revocations = revocations
        self._alerts = alerts
        self._keys = keys
        self._throttle = LogInThrottle()

    def answers(self) -> dict[str, Answer]:
        """By the id of the operation."""
        return {
            "issueToken": self.issue,
            "introspectToken": self.introspect,
            "revokeToken": self.revoke,
            "readKeys": self.keys,
            "revokeServiceKey": self.revoke_service_key,
            "smartConfiguration": self.configuration,
        }

    async def issue(self, exchange: Exchange) -> Reply:
        """RFC 6749, 4.4. Refusal 400, 401 (wrong credentials) or 429 (too many of them)."""
        wanted = await _form(exchange.request, TokenRequest)
        client = await self._log_in(wanted, exchange)
        who = replace(
            client, scopes=_granted(client, wanted.scope or client.scopes), patient=wanted.patient
        )
        granted = {"patient": who.patient} if who.patient else {}
        token = {
            "access_token": self._access_tokens.sign(who),
            "token_type": "Bearer",
            "expires_in": LIFE,
            "scope": who.scopes,
        }
        return _json(token | granted)

    async def introspect(self, exchange: Exchange) -> Reply:
        """RFC 7662. What another tenant's token grants is nobody's business."""
        verified = self._verified((await _form(exchange.request, TokenForm)).token)
        if verified is None or verified.who.tenant != exchange.who.tenant:
            return _json({"active": False})
        return _json({"active": not self._revocations.holds(verified.jti), **_claims(verified)})

    async def revoke(self, exchange: Exchange) -> Reply:
        """RFC 7009: one's own token; an administrator any of the tenant. Refusal 403."""
        token = (await _form(exchange.request, TokenForm)).token
        if self._clients.find(token) is not None:
            raise Refusal(400, "unsupported_token_type: a client's secret is not revoked here.")
        verified = self._verified(token)
        if verified is not None:
            _require_owner(exchange.who, verified.who)
            await self._revocations.add(verified.jti, verified.expires, exchange.deadline)
        return _json({"active": False})

    async def keys(self, _exchange: Exchange) -> Reply:
        """RFC 7517, 5."""
        return _json({"keys": [self._keys.access.jwk()]})

    async def revoke_service_key(self, exchange: Exchange) -> Reply:
        """All processes sign with the next key, and refuse the one before, at once."""
        service = exchange.request.path_params["service"]
        try:
            kid = self._keys.revoke(service)
        except KeyError:
            raise Refusal(404, "service: no service has such a key.") from None
        except ValueError as error:
            raise Refusal(409, str(error)) from None
        return _json({"service": service, "kid": kid}, 201)

    async def configuration(self, _exchange: Exchange) -> Reply:
        """https://hl7.org/fhir/smart-app-launch/conformance.html."""
        return Reply(200, {}, self.smart_configuration())

    def smart_configuration(self) -> bytes:
        """The SMART configuration, as JSON."""
        base = f"{self._access_tokens.issuer}/v1/auth"
        return orjson.dumps(
            {
                "issuer": self._access_tokens.issuer,
                "jwks_uri": f"{base}/jwks",
                "token_endpoint": f"{base}/token",
                "introspection_endpoint": f"{base}/introspect",
                "revocation_endpoint": f"{base}/revoke",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "grant_types_supported": ["client_credentials"],
                "scopes_supported": _scopes_supported(),
                "capabilities": [f"permission-{each}" for each in ("patient", "user", "v1", "v2")],
            }
        )

    async def _log_in(self, wanted: TokenRequest, exchange: Exchange) -> Identity:
        """The client that `wanted` proves to be; the same answer for a wrong id or secret."""
        named = self._clients.ids.get(wanted.client_id)
        client, address = (wanted.client_id if named else _STRANGER), _address(exchange.request)
        self._throttle.require_left(client, address)
        found = self._clients.find(wanted.client_secret)
        if named is not None and found == named:
            return named
        if self._throttle.failed(client, address) and named is not None:
            await self._alerts.log_in(named, exchange.deadline)
        raise Refusal(
            401,
            "invalid_client: no client has this id and secret.",
            headers={"WWW-Authenticate": 'Bearer realm="platform"'},
        )

    def _verified(self, token: str) -> Verified | None:
        try:
            return self._access_tokens.verify(token)
        except UnverifiedError:
            return None


async def _form(request: Request, model: type[_M]) -> _M:
    """The form of a request. Refusal 400, 413 or 415; the secrets in it are not repeated."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise Refusal(415, f"Content-Type: write {_FORM}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_LIMIT:
            raise Refusal(413, f"body: over the limit of {_FORM_LIMIT} bytes.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
        if len(dict(pairs)) != len(pairs):
            raise Refusal(400, "invalid_request: a field is there twice.")
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors(include_input=False)[0]["loc"])
        raise Refusal(400, f"invalid_request: {place} is missing or cannot be read.") from None
    except ValueError:
        raise Refusal(400, "invalid_request: the form cannot be read.") from None


def _granted(client: Identity, wanted: str) -> str:
    """Those of the wanted scopes that leave something for the role; Refusal 400 without any."""
    role = ROLES.get(client.role)
    scopes = [scope for scope in parse(wanted) if role is not None and role.grants_of(scope)]
    if not scopes:
        raise Refusal(400, "invalid_scope: none of these is granted to this client.")
    return " ".join(str(scope) for scope in scopes)


def _require_owner(who: Identity, owner: Identity) -> None:
    mine = (who.tenant, who.subject) == (owner.tenant, owner.subject)
    if not mine and (who.tenant, who.role) != (owner.tenant, "administrator"):
        raise Refusal(403, "token: only its owner or an administrator revokes it.")


def _claims(verified: Verified) -> dict[str, object]:
    who = verified.who
    claims = {
        "scope": who.scopes, "client_id": who.subject, "sub": who.subject, "tenant": who.tenant,
        "role": who.role, "patient": who.patient, "jti": verified.jti,
        "iat": int(verified.issued), "exp": int(verified.expires),
    }  # fmt: skip
    return {name: value for name, value in claims.items() if value is not None}


def _scopes_supported() -> list[str]:
    return sorted(
        {
            f"{context}/{resource}.{letters}"
            for role in ROLES.values()
            for context in role.contexts
            for resource, letters in role.grants.items()
        }
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _json(content: object, status: int = 200) -> Reply:
    return Reply(status, {"Cache-Control": "no-store"}, orjson.dumps(content))
