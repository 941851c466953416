"""Switch 22, "Instant rollback capability": the way back from a release.

Without it the old version has to be built and started while the bad one serves, and when it is
back it cannot read what the new one has made of its rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

EXPANDED = 1
"""The format that every version reads: members are added, none is renamed or removed."""
RENAMED = 2
"""The format in which `score` is called `total`."""


class InstantRollback(Protocol):
    """Seconds that a way back takes, and how assessments are stored meanwhile.

    For `rebuild_seconds` the version that is to go still serves; for `restart_seconds` none does.
    """

    rebuild_seconds: float
    restart_seconds: float
    migrates: bool

    def row(self, version: str, score: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Format and content under which `version` stores `score`."""
        ...


class Pilot:
    """Build and restart; a release migrates the rows in place."""

    rebuild_seconds = 6.0
    restart_seconds = 2.0
    migrates = True

    def row(self, version: str, score: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """As the version would have it: from v2 on `score` is `total`."""
        if version == "v1":
            return EXPANDED, score
        return RENAMED, {"total" if k == "score" else k: v for k, v in score.items()}


class Production:
    """Every version stays loaded, so the way back is a change of routes; rows only expand."""

    rebuild_seconds = 0.0
    restart_seconds = 0.0
    migrates = False

    def row(self, version: str, score: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:  # noqa: ARG002
        """What the first version reads, plus what later ones add."""
        return EXPANDED, score
