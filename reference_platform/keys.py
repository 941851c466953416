"""The keys of one run of the platform: services sign with theirs, access tokens with another.

They are drawn before the processes fork, so every process verifies what any other signed, and a
process that was killed comes back with the same keys. A new run draws new ones.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm
from jwt.types import Options

ALGORITHM = "EdDSA"
CALLERS = ("gateway", "cds", "worker")
"""The services that call others; only they have a key."""
GENERATIONS = 8
"""How often a caller's key can be revoked before the platform must be started again."""
_SKEW = 5.0  # seconds by which the clocks of two machines may differ
# Times are judged by the platform's clock, which a test may have moved; PyJWT knows only real time.
_OPTIONS: Options = {
    "require": ["sub", "iat", "exp"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class UnverifiedError(Exception):
    """A token proves nothing; why is nobody's business but the log's."""


@dataclass(frozen=True, slots=True)
class Key:
    """An Ed25519 key pair (RFC 8032) and its name."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey

    @classmethod
    def draw(cls, kid: str) -> Key:
        """A new key pair."""
        private = Ed25519PrivateKey.generate()
        return cls(kid, private, private.public_key())

    def sign(self, claims: Mapping[str, object]) -> str:
        """A JWT (RFC 7519) with `claims`."""
        return jwt.encode(dict(claims), self.private, ALGORITHM, headers={"kid": self.kid})

    def verify(self, token: str, issuer: str, audience: str, now: float) -> dict[str, Any]:
        """The claims of a JWT that this key signed and that holds at `now`; UnverifiedError."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.public,
                [ALGORITHM],
                audience=audience,
                issuer=issuer,
                options=_OPTIONS,
            )
        except jwt.InvalidTokenError as error:
            raise UnverifiedError(type(error).__name__) from None
        _require_valid_at(now, claims)
        return claims

    def jwk(self) -> dict[str, object]:
        """The public half as a JSON Web Key (RFC 8037)."""
        key = json.loads(OKPAlgorithm.to_jwk(self.public))
        return {**key, "kid": self.kid, "alg": ALGORITHM, "use": "sig"}


def _require_valid_at(now: float, claims: Mapping[str, Any]) -> None:
    times = [claims["iat"], claims.get("nbf", claims["iat"]), claims["exp"]]
    if not all(isinstance(each, int | float) for each in times):
        raise UnverifiedError("a time that is none")
    if max(times[:2]) > now + _SKEW or times[2] <= now:
        raise UnverifiedError("not yet, or no longer")


def kid_of(token: str) -> str:
    """The key that a token says it was signed with; UnverifiedError when it is no token."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except jwt.InvalidTokenError as error:
        raise UnverifiedError(type(error).__name__) from None
    if not isinstance(kid, str):
        raise UnverifiedError("no kid")
    return kid


class Keyring:
    """All keys of one run. Processes forked after it was made share its revocations at once."""

    def __init__(self) -> None:
        self.access = Key.draw("access-1")
        self._callers = {
            caller: [Key.draw(f"{caller}-{number}") for number in range(1, GENERATIONS + 1)]
            for caller in CALLERS
        }
        self._generations = mmap.mmap(-1, len(CALLERS))

    def of(self, caller: str) -> Key | None:
        """The key with which `caller` signs now; None when it never calls anybody."""
        keys = self._callers.get(caller)
        return keys[self._generations[CALLERS.index(caller)]] if keys else None

    def revoke(self, caller: str) -> str:
        """Replace `caller`'s key everywhere; the new key's name.

        Raises KeyError for who has no key, ValueError when the last one is in use.
        """
        if caller not in self._callers:
            raise KeyError(caller)
        place = CALLERS.index(caller)
        if self._generations[place] + 1 >= GENERATIONS:
            raise ValueError(f"{caller}: no key is left. Start the platform again.")
        self._generations[place] += 1
        return self._callers[caller][self._generations[place]].kid
