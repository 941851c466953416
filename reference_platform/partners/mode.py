"""How badly a partner behaves: clean as in a demonstration, or as real ones do."""

from __future__ import annotations

import asyncio
import random
from json import JSONDecodeError

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_MODES = ("clean", "real")
_LONGEST = 60_000.0  # milliseconds


class Mode:
    """`POST <path>` {mode, seed, failure_rate, delay_ms} sets it; what is left out is 0 or clean.

    `failure_rate` (0 to 1) of the calls fail, and every call takes `delay_ms`, in either mode. A
    real partner also varies what it answers, and fails and hesitates a little by itself: 0.1 and
    20 ms. The same seed and the same order of calls give the same behaviour.
    """

    def __init__(self) -> None:
        self.real = False
        self.failure_rate = 0.0
        self.delay = 0.0
        self.chance = random.Random(0)  # noqa: S311 - a simulation that can be repeated

    def route(self, path: str) -> Route:
        """The route that shows and sets it."""
        return Route(path, self._change, methods=["POST"])

    async def fails(self) -> bool:
        """Whether this call is to fail, after the delay."""
        failing = self.chance.random() < self.failure_rate
        if self.delay:
            await asyncio.sleep(self.delay)
        return failing

    async def _change(self, request: Request) -> JSONResponse:
        try:
            wanted = await request.json()
            self._take(wanted)
        except (JSONDecodeError, UnicodeDecodeError, AttributeError, TypeError, ValueError):
            sentence = "a mode is clean or real, with seed, failure_rate 0 to 1, delay_ms to 60000."
            return JSONResponse({"error": sentence}, status_code=400)
        return JSONResponse(
            {
                "mode": _MODES[self.real],
                "failure_rate": self.failure_rate,
                "delay_ms": self.delay * 1000,
            }
        )

    def _take(self, wanted: dict[str, object]) -> None:
        real = _MODES.index(str(wanted.get("mode", "clean"))) == 1
        failure_rate = float(str(wanted.get("failure_rate", 0.1 if real else 0)))
        delay = float(str(wanted.get("delay_ms", 20 if real else 0)))
        chance = random.Random(int(str(wanted.get("seed", 0))))  # noqa: S311 - as above
        if not (0 <= failure_rate <= 1 and 0 <= delay <= _LONGEST):
            raise ValueError("out of range")
        self.real, self.chance = real, chance
        self.failure_rate, self.delay = failure_rate, delay / 1000
