"""What cannot have happened in any serial order, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from codeblue.load.ledger import Operation

_SHOWN = 4  # last elements of a list


@dataclass(frozen=True)
class Anomaly:
    """Something about one object that no serial order explains."""

    kind: str
    sentence: str


def told(operation: Operation) -> str:
    """The operation in words, such as ``book p1 at 08:12:03.120 UTC``."""
    at = datetime.fromtimestamp(operation.invoked, UTC).isoformat(timespec="milliseconds")
    return f"{operation.action} {_short(operation.value)} at {at[11:23]} UTC"


def _short(value: object) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[-_SHOWN:]))
        more = f"... ({len(value)}) " if len(value) > _SHOWN else ""
        return f"[{more}{shown}]"
    return "free" if value is None else str(value)
