"""Typed, forgiving reads of journal events: a report has to survive whatever a broken run left."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

Event = Mapping[str, Any]

TEXT_LIMIT = 2_000
_COUNT_LIMIT = 1e15
_YEAR_5000 = 95_617_584_000.0
_SECRET_KEY = re.compile(r"authorization|token|secret|password|cookie|(^|_)body$", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?i)(bearer\s+|://[^/\s:@]+:)[^\s@\"']+")
# XML 1.0 admits none of these, and no reader needs them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: object, limit: int = TEXT_LIMIT) -> str:
    """``value`` as printable text without credentials, at most ``limit`` characters."""
    raw = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    printable = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", raw[: 4 * limit])
    safe = _SECRET_TEXT.sub(r"\1redacted", printable)
    return safe if len(safe) <= limit else f"{safe[: limit - 1]}…"


def text(event: Event, key: str, default: str = "") -> str:
    """The field as text; ``default`` when it is absent or null."""
    value = event.get(key)
    return default if value is None else clean(value)


def number(event: Event, key: str) -> float | None:
    """The field as a finite number, or None."""
    value = event.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def instant(event: Event) -> float | None:
    """When the event happened, in seconds since the epoch, or None if that cannot be a date."""
    at = number(event, "at")
    return at if at is not None and 0.0 <= at < _YEAR_5000 else None


def count(event: Event, key: str) -> int:
    """The field as a whole number that is not negative; 0 when it is absent."""
    return int(min(max(0.0, number(event, key) or 0.0), _COUNT_LIMIT))


def words(event: Event, key: str) -> tuple[str, ...]:
    """The field as a list of texts; a single text counts as a list of one."""
    value = event.get(key)
    if isinstance(value, str):
        return (clean(value),)
    return tuple(clean(item) for item in value) if isinstance(value, list | tuple) else ()


def mapping(event: Event, key: str) -> dict[str, Any]:
    """The field as a mapping; empty when it is anything else."""
    value = event.get(key)
    return {clean(name): item for name, item in value.items()} if isinstance(value, dict) else {}


def redacted(value: object) -> object:
    """``value`` with everything that is named like a credential or a request body taken out."""
    if isinstance(value, dict):
        return {
            clean(key): "redacted" if _SECRET_KEY.search(str(key)) else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return clean(value) if isinstance(value, str) else value
