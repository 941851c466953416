"""A candidate beside the stable version: the same vital signs, two answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from itertools import product

from reference_platform.services.cds.news2 import Vitals
from reference_platform.services.cds.versions import Assessment, Version

TRIAL_SECONDS = 0.1
"""How long a candidate may take; the stable version needs microseconds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How the candidate did; `answer` is its answer when nothing is wrong with it."""

    answer: Assessment | None = None
    error: bool = False
    slow: bool = False
    disagreement: bool = False


async def attempt(candidate: Version, stable: Version, vitals: Vitals, scale: int) -> Trial:
    """Ask both versions about `vitals`, and about its neighbours: never raises.

    The neighbours are the same patient on the other SpO2 scale and with, or without, oxygen: a
    rarely used rule must not have to wait for a rare patient.
    """
    try:
        async with asyncio.timeout(TRIAL_SECONDS):
            answer = await candidate(vitals, scale)
            for near, on in product(_neighbours(vitals), (1, 2)):
                proposed, known = await candidate(near, on), await stable(near, on)
                if proposed.parameters != known.parameters:
                    return Trial(disagreement=True)
    except TimeoutError:
        return Trial(slow=True)
    except Exception:  # noqa: BLE001 - whatever a new version does wrong is a finding about it
        return Trial(error=True)
    return Trial(answer)


def _neighbours(vitals: Vitals) -> list[Vitals]:
    return [vitals, *(replace(vitals, supplemental_oxygen=oxygen) for oxygen in (True, False))]
