"""Probes for work that is accepted now and done later: is what was accepted done in the end?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload, statuses
from codeblue.chaos.probes import measure
from codeblue.chaos.probes.measure import Measure
from codeblue.session import Session, attach
from codeblue.target.duration import seconds

_PATIENCE = 5.0
_PAUSE = 0.2
_UNKNOWN = "unknown"


def accepted(
    requests: Sequence[Mapping[str, Any]],
    count: int = 10,
    over: str | float = "1s",
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Ask for ``count`` pieces of work while something is broken; ``kept`` asks what became of it.

    ``{accepted, statuses}``. Only an answer with success and an ``id`` is a promise; whatever the
    platform refused, it has not promised.
    """
    answers = Workload(requests, tenant, role).send(attach(), count, _PATIENCE, seconds(over))
    promises = _ids(answers)
    key = measure.name("promises", requests, tenant, role)
    baseline.remember(key, [*(baseline.recall(key) or []), *promises])
    return {
        "accepted": len(promises),
        "statuses": statuses(answers),
        "measured": f"{len(promises)} of {count} accepted",
    }


def kept(
    requests: Sequence[Mapping[str, Any]],
    place: str,
    count: int = 5,
    within: str | float = "10s",
    done: Sequence[str] = ("done", "completed"),
    state: str = "status",
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Ask for ``count`` more, and whether they and all that ``accepted`` noted are done.

    ``place`` is where the work tells its ``state`` (``/v1/letters/{id}``); it has ``within`` ten
    seconds to come to one of the states in ``done``. ``{success, accepted, kept, lost, states}``:
    ``success`` is the share of the new requests that were accepted and of the promises that were
    kept, whichever is less.
    """
    session = attach()
    workload = Workload(requests, tenant, role)
    answers = workload.send(session, count, _PATIENCE, 0.5)
    earlier = baseline.recall(measure.name("promises", requests, tenant, role)) or []
    new = _ids(answers)
    states = _wait(session, workload, [place.replace("{id}", i) for i in [*earlier, *new]],
                   set(done), seconds(within), state)  # fmt: skip
    good = sum(found in done for found in states.values())
    lost = len(states) - good
    return {
        "success": min(len(new) / count, good / len(states) if states else 0.0),
        "accepted": len(states),
        "kept": good,
        "lost": lost,
        "states": dict(Counter(states.values())),
        "measured": f"{lost} of {len(states)} accepted never done; {len(new)} of {count} new "
        f"requests accepted ({', '.join(f'{w}: {n}' for w, n in statuses(answers).items())})",
    }


def _ids(answers: Sequence[Answer]) -> list[str]:
    return [str(answer.field("id")) for answer in answers if answer.ok and answer.field("id")]


def _wait(
    session: Session,
    workload: Workload,
    places: Sequence[str],
    done: set[str],
    within: float,
    state: str,
) -> dict[str, str]:
    """The state at each of ``places``, as soon as all are done, else when the time is up."""
    headers = session.headers(workload.of(session), workload.role)
    found = dict.fromkeys(places, _UNKNOWN)
    deadline = time.monotonic() + within
    with httpx.Client(base_url=session.base_url, headers=headers, timeout=2.0) as client:
        while True:
            for place in [place for place, known in found.items() if known not in done]:
                found[place] = _state(client, place, state)
            if set(found.values()) <= done or time.monotonic() > deadline:
                return found
            time.sleep(_PAUSE)


def _state(client: httpx.Client, place: str, state: str) -> str:
    try:
        answer = client.get(place)
        return str(answer.json().get(state)) if answer.is_success else _UNKNOWN
    except (httpx.HTTPError, ValueError, AttributeError):
        return _UNKNOWN
