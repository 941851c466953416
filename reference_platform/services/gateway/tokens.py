"""Access tokens: JWTs (RFC 9068 in spirit) that the gateway signs and verifies itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from reference_platform.identity import Identity
from reference_platform.keys import UnverifiedError, kid_of
from reference_platform.roles import ROLES
from reference_platform.settings import Settings

LIFE = 300
"""Seconds for which an access token holds."""
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Verified:
    """A token that proved genuine: for whom, its id, and from when until when it holds."""

    who: Identity
    jti: str
    issued: float
    expires: float


class AccessTokens:
    """Signs for identities; finds identities again in what is shown."""

    def __init__(self, settings: Settings) -> None:
        self._clock = settings.clock
        self._key = settings.keys.access
        self._tenants = settings.tenants
        self.issuer = f"http://{settings.host}:{settings.gateway_port}"
        self.audience = f"{self.issuer}/v1/fhir"
        self._verified: dict[bytes, Verified] = {}

    def sign(self, who: Identity) -> str:
        """An access token for `who`, from now on for LIFE seconds."""
        now = int(self._clock.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": who.subject,
            "tenant": who.tenant,
            "role": who.role,
            "scope": who.scopes,
            "jti": uuid4().hex,
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
        }
        return self._key.sign(claims | ({"patient": who.patient} if who.patient else {}))

    def verify(self, token: str) -> Verified:
        """Whom a token stands for; UnverifiedError unless it is genuine, and holds now."""
        digest = hashlib.sha256(token.encode(errors="replace")).digest()
        verified = self._verified.get(digest)
        if verified is None:
            verified = self._first_seen(token)
            self._remember(digest, verified)
        if verified.expires <= self._clock.time():
            del self._verified[digest]
            raise UnverifiedError("expired")
        return verified

    def _first_seen(self, token: str) -> Verified:
        if kid_of(token) != self._key.kid:
            raise UnverifiedError("unknown kid")
        claims = self._key.verify(token, self.issuer, self.audience, self._clock.time())
        who = self._identity(claims)
        return Verified(who, claims["jti"], float(claims["iat"]), float(claims["exp"]))

    def _identity(self, claims: dict[str, Any]) -> Identity:
        """Only the platform signs, but what is not as it signs it is not believed either."""
        texts = [claims.get(name) for name in ("tenant", "role", "sub", "scope", "jti")]
        patient = claims.get("patient")
        known = claims.get("tenant") in self._tenants and claims.get("role") in ROLES
        if not known or not all(isinstance(each, str) and each for each in texts):
            raise UnverifiedError("incomplete")
        if not isinstance(patient, str | None):
            raise UnverifiedError("no patient")
        tenant, role, subject, scopes, _ = map(str, texts)
        return Identity(tenant, role, subject, scopes, patient)

    def _remember(self, digest: bytes, verified: Verified) -> None:
        """Verifying costs more than a cached chart; the digest, so that no memory holds tokens."""
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[digest] = verified
