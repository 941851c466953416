"""The probe that sends what a hospital's own system sends: HL7 v2 messages over MLLP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from codeblue.chaos import baseline
from codeblue.checks.feed import Message, deliver, stays
from codeblue.errors import CodeblueError
from codeblue.session import attach

_ACCEPTED = "AA"
_NONE = "none"


def fed(edge: str, count: int = 20, tenant: str = "") -> dict[str, Any]:
    """Send ``count`` ADT messages over ``edge``, each on a connection of its own.

    ``{success, accepted, codes, measured}``: ``success`` is the share that was acknowledged at all,
    with AA, AE or AR; whoever sent a message that is not acknowledged knows nothing of its fate.

    Raises:
        CodeblueError: not every message is accepted without the fault.
    """
    session = attach()
    host, _, port = session.edge(edge).listen.rpartition(":")
    hospital = tenant or next(iter(session.target.tenants), "")
    feed = stays(count, f"F{uuid4().hex[:8]}", hospital)
    messages = [message for stay in feed for message in stay][:count]
    codes = Counter(_code(message, host, int(port)) for message in messages)
    if baseline.recall(f"fed:{edge}") is None:
        _require_accepted(codes, count)
        baseline.remember(f"fed:{edge}", count)
    acknowledged = count - codes[_NONE]
    told = ", ".join(f"{code}: {number}" for code, number in sorted(codes.items()))
    return {
        "success": acknowledged / count,
        "accepted": codes[_ACCEPTED] / count,
        "codes": dict(codes),
        "measured": f"{acknowledged} of {count} messages were acknowledged ({told})",
    }


def _code(message: Message, host: str, port: int) -> str:
    sent: Sequence[Message] = [message]
    try:
        return deliver(sent, host, port)[0].code
    except OSError:  # it hung up, or was silent for too long
        return _NONE


def _require_accepted(codes: Counter[str], count: int) -> None:
    if codes[_ACCEPTED] < count:
        raise CodeblueError(
            f"control: only {codes[_ACCEPTED]} of {count} messages are accepted without the fault "
            f"({dict(codes)}), so nothing can be said about it."
        )
