"""The clock, which tests may move: retention periods and token lives are too long to wait for."""

from __future__ import annotations

import orjson

from reference_platform.audit.event import instant
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange
from reference_platform.settings import Settings


class ClockRoutes:
    """What the gateway answers about the clock of the platform."""

    def __init__(self, settings: Settings) -> None:
        self._clock = settings.clock
        self._movable = settings.test_mode

    async def read(self, _exchange: Exchange) -> Reply:
        """`GET /v1/clock`."""
        return self._reading()

    async def advance(self, exchange: Exchange) -> Reply:
        """`POST /v1/clock`; Refusal 403 unless the platform was started for tests."""
        if not self._movable:
            raise Refusal(403, "clock: moves only when the platform was started in test mode.")
        self._clock.advance(float(_seconds(exchange.body or b"")))
        return self._reading()

    def _reading(self) -> Reply:
        reading = {
            "time": instant(self._clock),
            "offset_seconds": self._clock.offset,
            "movable": self._movable,
        }
        return Reply(200, {}, orjson.dumps(reading))


def _seconds(body: bytes) -> float:
    try:
        return max(0.0, float(orjson.loads(body)["advance_seconds"]))
    except (ValueError, KeyError, TypeError):
        raise Refusal(422, "advance_seconds: send the seconds to move forward.") from None
