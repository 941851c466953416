"""Who is asking: the bearer of a client's own secret, or of an access token."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from reference_platform.identity import Identity
from reference_platform.keys import UnverifiedError
from reference_platform.outcomes import Refusal
from reference_platform.roles import ROLES
from reference_platform.services.gateway.revocations import Revocations
from reference_platform.services.gateway.tokens import AccessTokens

_SCHEME = "bearer "


class Clients:
    """The clients of the settings, each with a secret. Secrets are compared by their digests."""

    def __init__(self, tokens: Mapping[str, Identity]) -> None:
        self._by_digest = {_digest(token): _client(identity) for token, identity in tokens.items()}
        self.ids = {identity.subject: identity for identity in self._by_digest.values()}

    def find(self, secret: str) -> Identity | None:
        """Whose secret this is."""
        return self._by_digest.get(_digest(secret))


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="replace")).digest()


def _client(identity: Identity) -> Identity:
    """With everything that the role may, and a name: somebody must have done what was done."""
    role = ROLES.get(identity.role)
    return replace(
        identity,
        subject=identity.subject or f"{identity.tenant}-{identity.role}",
        scopes=identity.scopes or (role.everything if role else ""),
    )


class Authentication:
    """Both kinds of bearer tokens (RFC 6750)."""

    def __init__(
        self, clients: Clients, access_tokens: AccessTokens, revocations: Revocations
    ) -> None:
        self._clients = clients
        self._access_tokens = access_tokens
        self._revocations = revocations

    def identify(self, authorization: str | None) -> Identity:
        """The bearer of the `Authorization` header; Refusal 401 that does not say what is wrong.

        Refusal 503 when it cannot be known whether the token was revoked.
        """
        header = authorization or ""
        if header[: len(_SCHEME)].lower() != _SCHEME:
            raise _unauthenticated()
        token = header[len(_SCHEME) :].strip()
        if (client := self._clients.find(token)) is not None:
            return client
        try:
            verified = self._access_tokens.verify(token)
        except UnverifiedError:
            raise _unauthenticated(', error="invalid_token"') from None
        if self._revocations.holds(verified.jti):
            raise _unauthenticated(', error="invalid_token"')
        return verified.who


def _unauthenticated(error: str = "") -> Refusal:
    sentence = "Authorization: send Bearer and a token that is known here."
    header = f'Bearer realm="platform"{error}'
    return Refusal(401, sentence, headers={"WWW-Authenticate": header})
