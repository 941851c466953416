"""How a guardian heals one fault: tried until it works, proved twice, and written down."""

from __future__ import annotations

import time

from codeblue.faults.guardian.watchlist import Watched
from codeblue.faults.healing import Outcome, healed_for_another, patience, write_down

HEAL_SECONDS = 10.0
_ATTEMPT_SECONDS = 0.5
# The holder's last request may still have been on its way to the proxy when the holder was killed.
_SETTLED_SECONDS = 0.25


def mend(watched: Watched, why: str) -> None:
    """Heal ``watched`` unless its holder strikes it off first; ``why`` says what the holder did."""
    outcome = _healed(watched)
    if outcome is None:
        return
    write_down(watched.standing, outcome, by="guardian", because=f"its holder {why}")
    if outcome.healed:
        time.sleep(_SETTLED_SECONDS)
        _healed(watched)


def _healed(watched: Watched) -> Outcome | None:
    """What came of it in the end; None when the fault was struck off meanwhile."""
    limit = max(HEAL_SECONDS, patience(watched.standing.type))
    deadline = time.monotonic() + limit
    while True:
        with watched.lock:
            if watched.struck:
                return None
            outcome = healed_for_another(watched.standing, _ATTEMPT_SECONDS)
        if outcome.healed or time.monotonic() >= deadline:
            return outcome
