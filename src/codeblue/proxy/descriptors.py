"""How many connections fit into the process, so that its API can always be reached."""

from __future__ import annotations

import contextlib
import resource

SPARE = 64
"""Descriptors that no connection gets: the loop's own, the API's listener and its clients."""


def raise_limit() -> None:
    """Allow this process as many open files as it may allow itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # where "unlimited" is more than the kernel has
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Descriptors:
    """Counts what listeners and connections hold; the limit is the one of the process."""

    def __init__(self, spare: int = SPARE) -> None:
        self.taken = 0
        self._spare = spare

    def take(self, count: int) -> bool:
        """Whether so many are left; then they are taken."""
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if limit != resource.RLIM_INFINITY and self.taken + count > limit - self._spare:
            return False
        self.taken += count
        return True

    def hold(self, count: int) -> None:
        """Take so many, whether they are left or not: a listener is worth the spare ones."""
        self.taken += count

    def give(self, count: int) -> None:
        """Take so many back."""
        self.taken -= count
