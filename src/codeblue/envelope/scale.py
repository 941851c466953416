"""How much of each fault there is to try: severities in logarithmic steps, the mildest first.

All runs try the same severities (the E6 series of IEC 60063, steps of a factor of about 1.5), so
two envelopes can be compared, of two platforms as of two versions of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_E6 = (1.0, 1.5, 2.2, 3.3, 4.7, 6.8)
STALL_MS = 200
"""How long a lost chunk is late: Linux waits no less before it sends again (TCP_RTO_MIN)."""


@dataclass(frozen=True)
class Scale:
    """The severities of one fault, from the mildest to the strongest, in ``unit``.

    ``type`` is the fault that is injected, ``argument`` the name of the severity among its
    arguments, in units of which ``factor`` make one ``unit``; empty when the severity is how long
    the fault lasts (``lasting``).
    """

    fault: str
    type: str
    argument: str
    unit: str
    levels: tuple[float, ...]
    factor: int = 1
    fixed: tuple[tuple[str, int], ...] = ()

    @property
    def lasting(self) -> bool:
        """Whether it comes in the middle of a load, and the severity is how long it lasts."""
        return not self.argument

    def arguments(self, severity: float) -> dict[str, Any]:
        """The arguments of the fault at ``severity``."""
        named = {} if self.lasting else {self.argument: round(severity * self.factor)}
        return {**named, **dict(self.fixed)}

    def said(self, severity: float) -> str:
        """A severity with its unit."""
        return f"{severity:,g} {self.unit}"


def _decades(lowest: float, highest: float) -> tuple[float, ...]:
    """The E6 series from ``lowest`` to ``highest``, both included."""
    found, decade = [], 10.0**-2
    while decade <= highest:
        found += [round(decade * step, 4) for step in _E6]
        decade *= 10
    return tuple(each for each in found if lowest <= each <= highest)


# Whole numbers, as a rate of the proxy and a percentage are.
_RATES = (1000.0, 680.0, 470.0, 330.0, 220.0, 150.0, 100.0, 68.0, 47.0, 33.0, 22.0, 15.0, 10.0)
_SLOW_RATES = (7.0, 5.0, 3.0, 2.0, 1.0)
# Where more is lost, so is what is sent again, and the line is rather one that is down.
_LOST = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 22.0, 33.0)

SCALES: dict[str, Scale] = {
    scale.fault: scale
    for scale in (
        Scale("latency", "latency", "ms", "ms", _decades(10, 10_000)),
        Scale("bandwidth", "bandwidth", "kbps", "KB/s", _RATES + _SLOW_RATES, factor=8),
        Scale("loss", "loss", "percent", "%", _LOST, fixed=(("stall", STALL_MS),)),
        Scale("outage", "refuse", "", "s", _decades(0.1, 3.3)),
    )
}
FAULTS = tuple(SCALES)
