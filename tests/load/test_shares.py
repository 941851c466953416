from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.load import LoadPlan, Stream
from codeblue.load.shares import share, turns

COUNTS = st.dictionaries(st.integers(0, 5), st.integers(1, 9), min_size=1)


@given(st.lists(COUNTS, min_size=2, max_size=2), st.integers(0, 99))
def test_every_arrival_is_one_workers(users: list[dict[int, int]], seed: int) -> None:
    journeys = {"a": Stream(rate=30), "b": Stream(rate=7)}
    plan = LoadPlan(label="x", journeys=journeys, seconds=5, seed=seed)
    whole, turn = plan.schedule(), turns(users)
    parts = [share(whole, turn, worker) for worker in range(6)]
    due = np.concatenate([part.due for part in parts])
    stream = np.concatenate([part.stream for part in parts])
    order = np.lexsort((stream, due))
    assert np.array_equal(due[order], whole.due)
    assert np.array_equal(stream[order], whole.stream)
    assert all(np.all(np.diff(part.due) >= 0) for part in parts)


@given(st.lists(COUNTS, min_size=2, max_size=2))
def test_a_worker_gets_no_more_than_its_users_can_take(users: list[dict[int, int]]) -> None:
    journeys = {"a": Stream(rate=200), "b": Stream(rate=100)}
    plan = LoadPlan(label="x", journeys=journeys, seconds=5, arrivals="constant")
    turn = turns(users)
    for stream, counts in enumerate(users):
        total, arrivals = sum(counts.values()), [1000, 500][stream]
        for worker in range(6):
            got = int(np.count_nonzero(share(plan.schedule(), turn, worker).stream == stream))
            assert abs(got - arrivals * counts.get(worker, 0) / total) <= counts.get(worker, 0)


def test_turns_are_spread_evenly() -> None:
    assert turns([{0: 2, 1: 4}]) == [[1, 0, 1, 1, 0, 1]]


def test_a_stream_without_users_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="none of the workers"):
        turns([{0: 1}, {}])
