"""Events -> what became of acknowledged writes, and whether histories have a serial order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeblue.render._fields import Event, count, mapping, text, words

_COUNTS = ("acknowledged", "kept", "lost", "stale", "duplicated", "leaked", "unknown")
_HISTORY_COUNTS = ("objects", "operations", "anomalies", "undecided")


@dataclass(frozen=True)
class Ledger:
    """What became of the writes that the platform acknowledged during ``load``.

    ``examples`` are sentences, each with the category in which the write was counted.
    """

    load: str
    acknowledged: int
    kept: int
    lost: int
    stale: int
    duplicated: int
    leaked: int
    unknown: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class History:
    """Whether the operations on each object during ``load`` can have happened one by one."""

    load: str
    objects: int
    operations: int
    anomalies: int
    undecided: int
    examples: tuple[tuple[str, str], ...]


def ledgers(events: Sequence[Event]) -> tuple[Ledger, ...]:
    """Every load whose acknowledged writes were read back."""
    return tuple(
        Ledger(
            load=text(event, "load"),
            examples=_examples(event),
            **{name: count(event, name) for name in _COUNTS},
        )
        for event in events
        if event.get("kind") == "ledger"
    )


def histories(events: Sequence[Event]) -> tuple[History, ...]:
    """Every load whose histories were judged."""
    return tuple(
        History(
            load=text(event, "load"),
            examples=_examples(event),
            **{name: count(event, name) for name in _HISTORY_COUNTS},
        )
        for event in events
        if event.get("kind") == "history"
    )


def total(found: Sequence[Ledger]) -> Ledger | None:
    """All ledgers as one; None when no write was followed."""
    if not found:
        return None
    counts = {name: sum(getattr(item, name) for item in found) for name in _COUNTS}
    return Ledger(load="all", examples=(), **counts)


def _examples(event: Event) -> tuple[tuple[str, str], ...]:
    """Sentences by category; an event without categories has only sentences."""
    kinds = mapping(event, "examples") or {"": event.get("examples")}
    return tuple((kind, sentence) for kind in kinds for sentence in words(kinds, kind))
