"""Releases of a service: what is asked for, and how far it got."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reference_platform.contract.primitives import WHOLE, Line, Strict, absent

Version = Literal["v1", "v2", "v2-swapped", "v2-failing", "v2-slow"]
"""The versions of cds that are warm; all but v1 and v2 are defective on purpose."""
State = Literal["stable", "ramping", "released", "promoted", "rejected", "rolled-back"]
_Count = Annotated[int, Field(ge=0), WHOLE]


class ReleaseRequest(Strict):
    """The version that is to take over."""

    service: Literal["cds"]
    version: Version


class Evidence(Strict):
    """What was counted at the present share of the traffic."""

    compared: _Count
    errors: _Count
    slow: _Count
    disagreements: _Count


class Release(Strict):
    """The latest release; `share` is the candidate's, in percent of patients."""

    service: Literal["cds"]
    number: _Count
    stable: Version
    candidate: Version
    share: Annotated[int, Field(ge=0, le=100), WHOLE]
    state: State
    reason: Line = absent()
    evidence: Evidence = absent()


class Releases(Strict):
    """Every service that is released this way."""

    releases: list[Release]
