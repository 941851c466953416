"""Switch 25, "Zero-trust security": why one service believes another.

Without it whoever reaches an inner port is believed, and reads any record of any hospital.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reference_platform.settings import Settings


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


class Pilot:
    """The network is trusted."""

    def passport(self, service: str, settings: Settings) -> Passport:  # noqa: ARG002
        """One for a trusting world."""
        return Trusting()


class Production(Pilot):
    """Nobody is believed."""
