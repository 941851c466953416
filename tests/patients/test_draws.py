from __future__ import annotations

from threading import Thread

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.draws import LANE, Draws, pick, quantiles

SEEDS = st.integers(0, 2**63 - 1)
STARTS = st.integers(0, 2**40)
KINDS = ("bits", "uniform", "normal")
COUNT = 40_000


@given(SEEDS, STARTS, st.integers(0, 50), st.integers(1, 30), st.sampled_from(KINDS))
def test_any_part_of_a_column_is_the_same_alone(
    seed: int, start: int, offset: int, count: int, kind: str
) -> None:
    draws = Draws(seed)
    whole = getattr(draws, kind)("age", start, offset + count + 7)
    part = getattr(draws, kind)("age", start + offset, count)
    assert (whole[offset : offset + count] == part).all()


@given(SEEDS, STARTS, st.integers(0, 50), st.integers(1, 30))
def test_any_part_of_lanes_and_integers_is_the_same_alone(
    seed: int, start: int, offset: int, count: int
) -> None:
    draws = Draws(seed)
    part = slice(offset, offset + count)
    whole = draws.lanes("age", start, offset + count + 7)
    assert (whole[:, part] == draws.lanes("age", start + offset, count)).all()
    numbers = draws.integers("age", start, offset + count + 7, 1000)
    assert (numbers[part] == draws.integers("age", start + offset, count, 1000)).all()


@given(SEEDS, SEEDS)
def test_seeds_differ(one: int, other: int) -> None:
    same = (Draws(one).bits("a", 0, 64) == Draws(other).bits("a", 0, 64)).all()
    assert same == (one == other)


@given(st.text(max_size=9), st.text(max_size=9))
def test_columns_differ(one: str, other: str) -> None:
    same = (Draws(1).bits(one, 0, 64) == Draws(1).bits(other, 0, 64)).all()
    assert same == (one == other)


def test_a_column_is_the_stream_of_philox() -> None:
    key = np.array([7, 0xE8B7BE43], dtype=np.uint64)  # the CRC-32 of "a"
    stream = np.random.Philox(key=key).random_raw(100)
    assert (Draws(7).bits("a", 13, 60) == stream[13:73]).all()


def test_uniform_is_even() -> None:
    numbers = Draws(3).uniform("u", 12_345, COUNT)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counted = np.histogram(numbers, bins=20, range=(0, 1))[0]
    assert counted == pytest.approx(COUNT / 20, rel=0.1)


def test_normal_is_normal() -> None:
    numbers = Draws(3).normal("n", 99, COUNT)
    assert numbers.mean() == pytest.approx(0, abs=0.02)
    assert numbers.std() == pytest.approx(1, abs=0.02)
    assert (np.abs(numbers) < 1.96).mean() == pytest.approx(0.95, abs=0.005)
    assert quantiles().std() == pytest.approx(1, abs=0.001)


@given(st.integers(1, 2**32), SEEDS)
def test_integers_stay_below(below: int, seed: int) -> None:
    numbers = Draws(seed).integers("i", 5, 50, below)
    assert numbers.min() >= 0
    assert numbers.max() < below


def test_the_lanes_of_a_column_are_four_even_and_independent_columns() -> None:
    lanes = Draws(3).lanes("l", 1, COUNT)
    assert lanes.shape == (4, COUNT)
    assert lanes.mean(axis=1) == pytest.approx(LANE / 2, rel=0.02)
    correlations = np.corrcoef(lanes) - np.eye(4)
    assert np.abs(correlations).max() < 0.03


@given(st.integers(1, LANE))
def test_pick_stays_below_and_reaches_both_ends(below: int) -> None:
    picked = pick(np.array([0, LANE - 1], dtype=np.uint16), below)
    assert picked.tolist() == [0, below - 1]


def test_threads_do_not_disturb_each_other() -> None:
    expected = Draws(5).bits("t", 1000, 4096)
    found: list[bool] = []

    def draw() -> None:
        found.extend((Draws(5).bits("t", 1000, 4096) == expected).all() for _ in range(50))

    threads = [Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 200
