"""Charts at every address of a platform: read by many at once, and read again after a write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice

import httpx

from codeblue.checks.fresh import FHIR, created
from codeblue.checks.volley import volley
from codeblue.checks.volume import pulse

_PATIENCE = 10.0  # seconds for an answer
_LOOK = 0.05  # seconds between two looks at a chart


@contextmanager
def desks(addresses: Iterable[str], headers: Mapping[str, str]) -> Iterator[list[httpx.Client]]:
    """A client at each of the ``addresses`` of one platform, all with the same credentials."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                httpx.Client(base_url=address, headers=headers, timeout=_PATIENCE, trust_env=False)
            )
            for address in addresses
        ]


def read_chart(desk: httpx.Client, patient: str) -> int:
    """The status with which the chart of ``patient`` is answered, 0 when it is not."""
    try:
        return desk.get(_chart(patient)).status_code
    except httpx.TransportError:
        return 0


def read_in_turn(
    desks: Sequence[httpx.Client], patients: Sequence[str], reads: int
) -> Counter[int]:
    """Read a chart after the other, at each of ``desks`` in turn; how often which status came."""
    pairs = zip(cycle(desks), cycle(patients), strict=False)
    return Counter(read_chart(desk, patient) for desk, patient in islice(pairs, reads))


def read_at_once(desks: Sequence[httpx.Client], patient: str, readers: int) -> Counter[int]:
    """``readers`` want one chart at the same moment; how often which status came, 0 for none."""
    asking = [desk.build_request("GET", _chart(patient)) for desk in islice(cycle(desks), readers)]
    return Counter(answer.status_code if answer else 0 for answer in volley(asking))


def write_and_look(
    desks: Sequence[httpx.Client], patient: str, within: float
) -> list[httpx.Client]:
    """Record a pulse at the first of ``desks``; those whose chart, known there, never shows it.

    Each is looked at until ``within`` seconds after the write was acknowledged, and once after.
    """
    for desk in desks:
        desk.get(_chart(patient)).raise_for_status()
    observation = created(desks[0].post(f"{FHIR}/Observation", json=pulse(patient)))
    until = time.monotonic() + within
    return [desk for desk in desks if not _shows(desk, patient, observation, until)]


def _shows(desk: httpx.Client, patient: str, what: str, until: float) -> bool:
    while True:
        last = time.monotonic() >= until
        if what in desk.get(_chart(patient)).raise_for_status().text:
            return True
        if last:
            return False
        time.sleep(_LOOK)


def _chart(patient: str) -> str:
    return f"/v1/patients/{patient}/chart"
