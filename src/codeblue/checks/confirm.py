"""Confirmation for oracles that measure a ratio: one bad repetition on a busy machine is noise."""

from __future__ import annotations

from collections.abc import Callable


def confirmed(exceeds: Callable[[], bool], times: int = 2) -> bool:
    """Whether ``exceeds`` is true ``times`` times in a row; stops at the first that is not."""
    return all(exceeds() for _ in range(times))
