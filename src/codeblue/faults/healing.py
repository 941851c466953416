"""Healing: what a fault's own holder does, and what others do for a holder that cannot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from codeblue.errors import JournalError
from codeblue.faults.edge.proxy_api import NoSuchEdgeError, ProxyGoneError
from codeblue.faults.fault import Fault, Trace
from codeblue.faults.ground import Ground
from codeblue.faults.record import StandingFault, append_line

HEAL_SECONDS = 2.0
RETRY_SECONDS = 0.1
_PARALLEL = 32

Of = TypeVar("Of")
To = TypeVar("To")


@dataclass(frozen=True)
class Outcome:
    """What came of healing one thing: a fault on record, or a toxic that stood on a proxy.

    ``owner`` held the fault on record; ``name`` is that of the toxic.
    """

    place: str
    type: str
    healed: bool
    owner: str = ""
    name: str = ""
    why: str = ""


def patience(type: str) -> float:  # noqa: A002 - the experiments' word
    """Seconds that healing may take: 2, unless the fault's ``heals_within`` says otherwise.

    A killed process is healed when its successor works, which nobody can do in 2 s.
    """
    from codeblue.faults.factory import FAULTS

    return float(getattr(FAULTS.get(type), "heals_within", HEAL_SECONDS))


def healed_by_holder(fault: Fault, ground: Ground, trace: Trace) -> bool:
    """Heal until the place confirms it; False when it does not in time."""
    return until(lambda: _healed(fault, ground, trace), patience(fault.type))


def healed_for_another(standing: StandingFault, seconds: float | None = None) -> Outcome:
    """Heal what another process left, in ``seconds`` or what such a fault takes.

    A toxic whose proxy or edge is gone is gone with it; the holder itself, whose run goes on
    without a proxy, does not see it that way.
    """
    why = ""

    def done() -> bool:
        nonlocal why
        fault, ground = standing.rebuilt()
        try:
            return _healed(fault, ground, standing.trace)
        except ProxyGoneError:
            why = "gone with its proxy"
        except NoSuchEdgeError:
            why = "gone with its edge"
        return True

    errors: list[Exception] = []
    limit = patience(standing.type) if seconds is None else seconds
    healed = until(done, limit, errors)
    owner = str(standing.ground["owner"])
    said = why if healed else reason(errors)
    return Outcome(standing.place, standing.type, healed, owner, why=said)


def write_down(standing: StandingFault, outcome: Outcome, *, by: str, because: str) -> None:
    """Strike ``standing`` off its record, or say there that it could not be healed.

    The run's journal gets an event as well, for a report of a run that was killed. A record that
    cannot be written is no reason to stop: the fault stays on record, and healing it again is fine.
    """
    record = standing.record
    if record is None:
        return
    kind = {"guardian": "guardian-healed"}.get(by, "healed") if outcome.healed else "unhealed"
    fields: dict[str, Any] = {"by": by, "because": because, "why": outcome.why}
    with suppress(JournalError):
        record.strike(standing.fault, kind, **fields)
    event: dict[str, Any] = {
        "kind": "fault-healed",
        "fault": standing.fault,
        "edge": standing.place,
    }
    event |= {"place": standing.place, "type": standing.type, "verified": outcome.healed, **fields}
    _tell(record.run / "events.jsonl", event)


def in_parallel(heal: Callable[[Of], To], things: Sequence[Of]) -> list[To]:
    """``heal`` of each, at the same time, so that one that hangs keeps no other waiting."""
    if not things:
        return []
    with ThreadPoolExecutor(min(len(things), _PARALLEL)) as pool:
        return list(pool.map(heal, things))


def until(done: Callable[[], bool], seconds: float, errors: list[Exception] | None = None) -> bool:
    """Whether ``done`` comes true in time; an error counts as not yet; ``errors`` keeps it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if done():
                return True
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, healing goes on
            if errors is not None:
                errors.append(error)
        if time.monotonic() >= deadline:
            return False
        time.sleep(RETRY_SECONDS)


def _healed(fault: Fault, ground: Ground, trace: Trace) -> bool:
    fault.heal(ground, trace)
    return fault.healed(ground, trace)


def reason(errors: Sequence[Exception]) -> str:
    """Why something could not be healed, from the errors of trying."""
    return str(errors[-1]) if errors else "the place does not confirm that it is gone"


def _tell(events: Path, event: dict[str, Any]) -> None:
    if events.is_file():
        with suppress(OSError):
            append_line(events, json.dumps({"at": time.time(), **event}).encode() + b"\n")
