"""Tolerances for the results of ``codeblue.chaos.probes``, as Chaos Toolkit calls them.

Chaos Toolkit puts the result of the probe into ``value`` when it calls, not when it validates the
file, so every tolerance has to accept being bound without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

Value = Mapping[str, Any]


def none_hung(value: Value | None = None) -> bool:
    """Every request of ``unanswered`` came to an end, whatever the end was."""
    return bool(value) and value["hung"] == 0  # type: ignore[index]


def no_worse_than_control(
    value: Value | None = None, ratio: float = 3.0, success: float = 0.99
) -> bool:
    """The watched journey of ``under_load`` succeeds, and its p95 is at most ``ratio`` times."""
    measured = value or {"success": 0.0, "ratio": inf}
    return bool(measured["success"] >= success and measured["ratio"] <= ratio)


def at_least(
    value: Value | None = None, minimum: float = 0.99, of: str | Sequence[str] = "success"
) -> bool:
    """The number called ``of`` in the result, or each of several, is ``minimum`` or more."""
    return all((value or {}).get(name, 0) >= minimum for name in _names(of))


def at_most(
    value: Value | None = None, maximum: float = 0.0, of: str | Sequence[str] = "hung"
) -> bool:
    """The number called ``of`` in the result, or each of several, is ``maximum`` or less."""
    return all((value or {}).get(name, inf) <= maximum for name in _names(of))


def _names(of: str | Sequence[str]) -> Sequence[str]:
    return [of] if isinstance(of, str) else of
