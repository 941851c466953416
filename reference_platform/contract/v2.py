"""What version 2 of the API says differently. Everything else is as in version 1."""

from __future__ import annotations

from typing import Literal

from reference_platform.contract.primitives import Code, Instant, Line, Strict


class Coverage(Strict):
    """Whether a member is covered, and when the insurer said so."""

    status: Literal["active", "inactive"]
    checked_at: Instant


class CoverageEligibility(Strict):
    """The insurer's answer."""

    coverage: Coverage
    payer: Code
    member: Line
