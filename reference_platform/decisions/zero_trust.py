"""Switch 25, "Zero-trust security": why one service believes another.

Without it whoever reaches an inner port is believed, and reads any record of any hospital.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reference_platform.keys import Key, UnverifiedError, kid_of
from reference_platform.outcomes import Refusal
from reference_platform.settings import Settings

MAY_CALL: Mapping[str, frozenset[str]] = {
    "gateway": frozenset({"records", "scheduling", "hub", "cds", "worker"}),
    "cds": frozenset({"records"}),
    "worker": frozenset({"hub"}),
}
"""Who may call whom. What is not here is refused; partners are shown nothing."""
LIFE = 60.0
"""Seconds for which a service token holds."""
RENEWAL = 20.0
"""Seconds after which a caller signs a new one."""
_REMEMBERED = 256
_SCHEME = "Bearer "


class Passport(Protocol):
    """What one service shows to the others, and asks of them."""

    def headers(self, audience: str) -> Mapping[str, str]:
        """What proves to `audience` who is calling."""
        ...

    def admit(self, headers: Mapping[str, str]) -> None:
        """Refusal 401 or 403 unless the caller has proved who it is."""
        ...


class ZeroTrust(Protocol):
    """How services prove who they are to each other."""

    def passport(self, service: str, settings: Settings) -> Passport:
        """The passport of `service`."""
        ...


class Trusting:
    """Shows nothing and asks nothing."""

    def headers(self, audience: str) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing."""
        return {}

    def admit(self, headers: Mapping[str, str]) -> None:
        """Whoever comes."""


class Signed:
    """Shows a short-lived JWT for one audience, signed with the service's own key; asks for one."""

    def __init__(self, service: str, settings: Settings) -> None:
        self._service = service
        self._clock = settings.clock
        self._keys = settings.keys
        self._minted: dict[str, tuple[float, Key, Mapping[str, str]]] = {}
        self._verified: dict[str, tuple[float, Key, str]] = {}

    def headers(self, audience: str) -> Mapping[str, str]:
        """A service token for `audience`; nothing for whom this service has no business with."""
        key = self._keys.of(self._service)
        if key is None or audience not in MAY_CALL[self._service]:
            return {}
        now = self._clock.time()
        minted = self._minted.get(audience)
        if minted is None or minted[0] <= now or minted[1] is not key:
            minted = now + RENEWAL, key, self._mint(audience, key, now)
            self._minted[audience] = minted
        return minted[2]

    def admit(self, headers: Mapping[str, str]) -> None:
        """Refusal 401 unless a known service calls, 403 unless it may call this one."""
        shown = headers.get("Authorization", "")
        known = self._verified.get(shown)
        if known is None:
            known = self._remembered(shown, self._verify(shown))
        expires, key, caller = known
        if expires <= self._clock.time() or self._keys.of(caller) is not key:
            del self._verified[shown]
            raise _unauthenticated()
        if self._service not in MAY_CALL[caller]:
            sentence = f"{self._service}: {caller} has no business here."
            raise Refusal(403, sentence, headers={"WWW-Authenticate": 'Bearer realm="services"'})

    def _mint(self, audience: str, key: Key, now: float) -> Mapping[str, str]:
        claims = {
            "iss": self._service,
            "sub": self._service,
            "aud": audience,
            "iat": int(now),
            "exp": int(now + LIFE),
        }
        return {"Authorization": _SCHEME + key.sign(claims)}

    def _verify(self, shown: str) -> tuple[float, Key, str]:
        """When it expires, the key and the caller of a token seen for the first time."""
        token = shown.removeprefix(_SCHEME)
        try:
            kid = kid_of(token)
            caller = kid.rpartition("-")[0]
            key = self._keys.of(caller)
            if key is None or kid != key.kid or not shown.startswith(_SCHEME):
                raise _unauthenticated()
            claims = key.verify(token, caller, self._service, self._clock.time())
        except UnverifiedError:
            raise _unauthenticated() from None
        return float(claims["exp"]), key, caller

    def _remembered(self, shown: str, known: tuple[float, Key, str]) -> tuple[float, Key, str]:
        """Verifying costs more than all the rest of a call; only what was genuine is kept."""
        if len(self._verified) >= _REMEMBERED:
            self._verified.clear()
        self._verified[shown] = known
        return known


def _unauthenticated() -> Refusal:
    sentence = "Authorization: only services of the platform are heard here."
    return Refusal(401, sentence, headers={"WWW-Authenticate": 'Bearer realm="services"'})


class Pilot:
    """The network is trusted."""

    def passport(self, service: str, settings: Settings) -> Passport:  # noqa: ARG002
        """One for a trusting world."""
        return Trusting()


class Production:
    """Nobody is believed: every hop shows who calls, and asks."""

    def passport(self, service: str, settings: Settings) -> Passport:
        """One that is shown and asked for at every call."""
        return Signed(service, settings)
