"""Events -> where the platform breaks, and whether it came back from a spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeblue.render._fields import Event, mapping, number, text


@dataclass(frozen=True)
class Trial:
    """One load of a search: arrivals per second, what came of it, and why."""

    rate: float
    outcome: str
    why: str


@dataclass(frozen=True)
class Search:
    """A search for the highest rate that meets the objectives, under a ``condition``.

    The platform held ``held`` and broke at ``broke`` arrivals per second; None: not found.
    """

    load: str
    condition: str
    held: float | None
    broke: float | None
    complete: bool
    sentence: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Recovery:
    """Whether the platform was back to its baseline as soon as promised after a spike.

    ``comparable`` is False when it had no baseline to return to.
    """

    load: str
    kept: bool
    comparable: bool
    sentence: str


def searches(events: Sequence[Event]) -> tuple[Search, ...]:
    """Every search of the run, in order."""
    return tuple(
        Search(
            load=text(event, "load"),
            condition=text(event, "condition"),
            held=number(event, "held"),
            broke=number(event, "broke"),
            complete=event.get("complete") is True,
            sentence=text(event, "sentence"),
            trials=tuple(_trial(each) for each in _list(event, "trials")),
        )
        for event in events
        if event.get("kind") == "search"
    )


def recoveries(events: Sequence[Event]) -> tuple[Recovery, ...]:
    """Every spike of the run that was watched until it was over."""
    return tuple(
        Recovery(
            load=text(event, "load"),
            kept=event.get("kept") is True,
            comparable=event.get("comparable") is not False,
            sentence=text(event, "sentence"),
        )
        for event in events
        if event.get("kind") == "recovery"
    )


def _list(event: Event, key: str) -> list[Any]:
    value = event.get(key)
    return value if isinstance(value, list) else []


def _trial(value: Any) -> Trial:
    facts = mapping({"trial": value}, "trial")
    outcome = mapping(facts, "outcome")
    return Trial(number(facts, "rate") or 0.0, text(outcome, "verdict"), text(outcome, "why"))
