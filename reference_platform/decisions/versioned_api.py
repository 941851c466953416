"""Switch 12, "Versioned APIs supporting evolution": which version of the API a client speaks.

Without it a release changes the answers under clients that were never told, and what they wrote
in the path means nothing.
"""

from __future__ import annotations

from typing import Protocol

FIRST, LATEST = "v1", "v2"
VERSIONS = (FIRST, LATEST)


class VersionedApi(Protocol):
    """What a client gets that asks for a version; a version is the first word of the path."""

    announces: bool
    """Whether an answer that a later version replaces says so."""

    def served(self, version: str) -> str | None:
        """The version whose answers are given; None when nothing is."""
        ...

    def promised(self, version: str) -> str:
        """The version whose contract is shown."""
        ...

    def acceptable(self, version: str, accept: str) -> bool:
        """Whether the `Accept` header has room for this version."""
        ...


class Pilot:
    """One API, edited in place: whatever version is asked for, the latest is what there is, and
    the document still describes the first.
    """

    announces = False

    def served(self, version: str) -> str | None:  # noqa: ARG002
        """The latest."""
        return LATEST

    def promised(self, version: str) -> str:  # noqa: ARG002
        """What was written when the project began."""
        return FIRST

    def acceptable(self, version: str, accept: str) -> bool:  # noqa: ARG002
        """Nobody looks."""
        return True


class Production:
    """Versions side by side; what is not there is not answered."""

    announces = True

    def served(self, version: str) -> str | None:
        """Itself, when it is known."""
        return version if version in VERSIONS else None

    def promised(self, version: str) -> str:
        """Its own."""
        return version

    def acceptable(self, version: str, accept: str) -> bool:
        """RFC 9110, 12.5.1: one media range without the parameter, or with this version."""
        asked = [_parameter(media_range) for media_range in accept.lower().split(",")]
        return any(each in (None, version, version.removeprefix("v")) for each in asked)


def _parameter(media_range: str) -> str | None:
    """The value of `version` in `application/json; version=2`."""
    for parameter in media_range.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip() == "version":
            return value.strip().strip('"')
    return None
