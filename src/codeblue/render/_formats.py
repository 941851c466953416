"""Numbers as the reports write them."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

_MINUTE = 60.0
_SECOND_MS = 1_000.0


def seconds(value: float) -> str:
    """A duration, e.g. ``4.2 s`` or ``2 min 05 s``."""
    if value < _MINUTE:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes:,} min {rest:02d} s"


def milliseconds(value: float | None) -> str:
    """A latency, e.g. ``4.2 ms``, ``310 ms`` or ``2.45 s``; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    if value >= _SECOND_MS:
        return f"{value / _SECOND_MS:,.2f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"  # noqa: PLR2004 - two digits


def quantity(value: float | None, unit: str = "") -> str:
    """A measured number with its unit, e.g. ``99.953 %`` or ``111 ms``.

    Percentages keep three decimals, because an objective is decided there; other units keep three
    digits.
    """
    if value is None:
        return "not measured"
    magnitude = math.floor(math.log10(abs(value))) if value else 0
    decimals = 3 if unit == "%" else max(0, 2 - magnitude)
    number = f"{value:,.{min(decimals, 6)}f}"
    plain = number.rstrip("0").rstrip(".") if "." in number else number
    return f"{_minus(plain)} {unit}".strip()


def share(value: float | None) -> str:
    """A share as a percentage with a typographic minus sign; a dash when it is unknown."""
    if value is None or not math.isfinite(value):
        return "\N{EN DASH}"
    return _minus(f"{100 * value:,.0f} %")


def _minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


def moment(epoch: float) -> str:
    """A moment in UTC, e.g. ``31 January 2026, 14:25 UTC``."""
    when = datetime.fromtimestamp(epoch, UTC)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def evidence(value: object, limit: int) -> str:
    """Evidence as indented JSON, cut after ``limit`` characters with a word on the rest."""
    whole = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(whole) <= limit:
        return whole
    return f"{whole[:limit]}\n… {len(whole) - limit:,} more characters in events.jsonl"
