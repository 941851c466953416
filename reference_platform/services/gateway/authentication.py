"""Who is asking: a bearer token stands for a tenant and a role."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal

_SCHEME = "bearer "


class Authentication:
    """The tokens of the settings."""

    def __init__(self, tokens: Mapping[str, Identity]) -> None:
        self._tokens = [(token.encode(), identity) for token, identity in tokens.items()]

    def identify(self, authorization: str | None) -> Identity:
        """The bearer of the `Authorization` header, or Refusal 401."""
        header = authorization or ""
        if header[: len(_SCHEME)].lower() == _SCHEME:
            presented = header[len(_SCHEME) :].strip().encode()
            for token, identity in self._tokens:
                if hmac.compare_digest(token, presented):
                    return identity
        sentence = "Authorization: send Bearer and a token that is known here."
        raise Refusal(401, sentence, headers={"WWW-Authenticate": "Bearer"})
