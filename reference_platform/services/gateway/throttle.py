"""How often a client may fail to log in, so that nobody can try secrets one after the other."""

from __future__ import annotations

from functools import cached_property

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from reference_platform.outcomes import Refusal

TRIES = 10
"""Failed tries per client, address and minute."""
_LIMIT = RateLimitItemPerMinute(TRIES)


class LogInThrottle:
    """Counts failures of one client from one address; others are not held up by them."""

    @cached_property
    def _failures(self) -> MovingWindowRateLimiter:
        """Made when first used: its storage starts a thread, which no fork would take along."""
        return MovingWindowRateLimiter(MemoryStorage())

    def require_left(self, client: str, address: str) -> None:
        """Refusal 429 when no try is left in this minute."""
        if not self._failures.test(_LIMIT, client, address):
            sentence = "client_id: too many failed tries. Wait a minute."
            raise Refusal(429, sentence, headers={"Retry-After": "60"})

    def failed(self, client: str, address: str) -> bool:
        """One try is used up; whether it was the last one."""
        self._failures.hit(_LIMIT, client, address)
        return not self._failures.test(_LIMIT, client, address)
