"""Sharing the arrivals of a load among its workers: every one is issued, and by one worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from codeblue.load.planning.plan import Schedule

Turns = Sequence[Sequence[int]]
"""For each stream the workers that take its arrivals, in turn."""


def turns(users: Sequence[Mapping[int, int]]) -> list[list[int]]:
    """Who takes the arrivals of each stream, where ``users`` says how many users which worker has.

    A worker comes up as often as it has users, spread evenly, so that a pool of a worker is as busy
    as any other. Locust spreads users over workers without looking at their class, so a worker may
    have none for a stream, and then gets none of its arrivals.

    Raises:
        ValueError: no worker has users for a stream.
    """
    found = [_turn(counts) for counts in users]
    if not all(found):
        raise ValueError("a stream has users on none of the workers")
    return found


def share(schedule: Schedule, turns: Turns, worker: int) -> Schedule:
    """The arrivals of ``schedule`` that are ``worker``'s, in order."""
    mine = np.zeros(len(schedule.due), dtype=bool)
    for stream, turn in enumerate(turns):
        at = np.flatnonzero(schedule.stream == stream)
        mine[at] = np.resize(np.array(turn) == worker, len(at))
    return Schedule(schedule.due[mine], schedule.stream[mine])


def _turn(counts: Mapping[int, int]) -> list[int]:
    """Each worker at the middles of as many equal parts of a circle as it has users."""
    places = [
        ((place + 0.5) / count, worker)
        for worker, count in counts.items()
        for place in range(count)
    ]
    return [worker for _, worker in sorted(places)]
