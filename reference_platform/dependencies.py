"""What a service depends on: who is outside, how a call can fail, and who watches the calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reference_platform.outcomes import Refusal

PARTNERS = frozenset({"ehr", "fhir_partner", "insurer", "sms"})
"""Dependencies outside the platform: nobody behind them speaks our language of refusals."""


class NotAskedError(Refusal):
    """503 on this side: the dependency never saw the call."""

    def __init__(self, sentence: str, after: int = 1) -> None:
        super().__init__(503, sentence, headers={"Retry-After": str(after)})


class LostError(Refusal):
    """The connection could not be made (503), or broke before the answer was whole (502)."""


class AnsweredError(Exception):
    """The dependency answered, with a failure.

    Args:
        headers: those of the answer.
        own: whether it failed itself; otherwise it speaks of what is behind it, or is full.
    """

    def __init__(self, headers: Mapping[str, str], *, own: bool) -> None:
        super().__init__()
        self.headers = headers
        self.own = own


def retry_after(error: Exception) -> float | None:
    """Seconds that the dependency asked to be left alone (RFC 9110, 10.2.3); dates are not read."""
    if not isinstance(error, AnsweredError):
        return None
    value = error.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


class EdgeObserver(Protocol):
    """Hears of every attempt to reach one dependency of one process."""

    def outcome(self, name: str, seconds: float) -> None:
        """An attempt ended after `seconds`.

        `success`: it answered, 4xx included. `failure`: it failed, or the connection did.
        `timeout`: no answer in its time. `behind`: it answered that something behind it failed,
        or that it is full. `cancelled`: the caller left. `open`, `full`: it was never asked, for
        the breaker is open or its bulkhead is full (0 seconds).
        """
        ...

    def breaker(self, state: str) -> None:
        """The circuit breaker is now `closed`, `open` or `half_open`."""
        ...


class Unobserved:
    """Hears nothing."""

    def outcome(self, name: str, seconds: float) -> None:
        """Nobody is told."""

    def breaker(self, state: str) -> None:
        """Nobody is told."""


UNOBSERVED: EdgeObserver = Unobserved()
