"""Work that is accepted now and done later: what became of it, as its own status tells.

Accepted means answered with 202 and an id under which to ask how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence

import httpx

from codeblue.checks.burst import Sent

ACCEPTED = 202
UNKNOWN = "unknown"
"""The status of work that the platform knows nothing of, or did not tell of in time."""
_PAUSE = 0.2  # seconds between two looks


def accepted(sent: Sent) -> str | None:
    """The id of the work that was accepted by an answer; ``None`` when it was not."""
    if sent.answer is None or sent.answer.status_code != ACCEPTED:
        return None
    return str(sent.answer.json()["id"])


def outcomes(
    client: httpx.Client, places: Sequence[str], ends: Collection[str], within: float
) -> dict[str, str]:
    """The status at each of ``places``, when all of them are among ``ends`` or time is up.

    ``within`` is in seconds. Whatever keeps a status from being read is a reason to look again.
    """
    deadline = time.monotonic() + within
    found = dict.fromkeys(places, UNKNOWN)
    while True:
        found |= {place: _status(client, place) for place in _open(found, ends)}
        if not any(_open(found, ends)) or time.monotonic() > deadline:
            return found
        time.sleep(_PAUSE)


def _open(found: dict[str, str], ends: Collection[str]) -> Iterable[str]:
    return [place for place, status in found.items() if status not in ends]


def _status(client: httpx.Client, place: str) -> str:
    try:
        answer = client.get(place)
    except httpx.TransportError:
        return UNKNOWN
    return str(answer.json()["status"]) if answer.is_success else UNKNOWN
