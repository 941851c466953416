"""A few requests that arrive at a pace, whatever becomes of those before them.

For some dozens; what a platform does under a load that goes on is measured by ``codeblue.load``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import httpx


@dataclass(frozen=True)
class Sent:
    """One request that was sent: its answer, ``None`` without one, and after how many seconds."""

    answer: httpx.Response | None
    seconds: float


def burst(requests: Sequence[httpx.Request], over: float, patience: float = 10.0) -> list[Sent]:
    """Send ``requests`` evenly over ``over`` seconds; wait ``patience`` seconds for each answer.

    What was sent is returned in the order of ``requests``.
    """
    return asyncio.run(_send_all(requests, over, patience))


def usual_seconds(sent: Sequence[Sent]) -> float:
    """The median of the time that it took, in seconds; what a few stragglers do not change."""
    return median(one.seconds for one in sent)


async def _send_all(requests: Sequence[httpx.Request], over: float, patience: float) -> list[Sent]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=patience, limits=limits, trust_env=False) as client:
        pause = over / max(len(requests), 1)
        due = ((request, pause * number) for number, request in enumerate(requests))
        return await asyncio.gather(*(_send(client, *one) for one in due))


async def _send(client: httpx.AsyncClient, request: httpx.Request, due: float) -> Sent:
    await asyncio.sleep(due)
    began = time.monotonic()
    try:
        answer = await client.send(request)
    except httpx.TransportError:
        answer = None
    return Sent(answer, time.monotonic() - began)
