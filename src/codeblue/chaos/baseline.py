"""What the probes of one experiment remember of their control.

Chaos Toolkit calls a probe before and after the method with the same arguments, and gives it no
place of its own to keep the first result in. The memory is of this process, one experiment at a
time; the control empties it when an experiment begins.
"""

from __future__ import annotations

from typing import Any

_values: dict[str, Any] = {}
_counts: dict[str, int] = {}


def forget() -> None:
    """Begin a new experiment."""
    _values.clear()
    _counts.clear()


def recall(key: str) -> Any:
    """What was remembered under ``key``, or None: the control has not run yet."""
    return _values.get(key)


def remember(key: str, value: Any) -> None:
    """Keep ``value``, measured by the control, for the rest of the experiment."""
    _values[key] = value


def count(key: str) -> int:
    """How often this was asked under ``key`` before: 0, 1, 2, ..."""
    number = _counts.get(key, 0)
    _counts[key] = number + 1
    return number
