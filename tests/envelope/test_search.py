"""The interval holds the true threshold: of any monotone platform always, of a noisy one mostly."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from codeblue.envelope import ERROR, Search, Vote
from codeblue.envelope.search import MOST_POINTS

SIZES = st.integers(2, 40)
VOTES: list[Vote] = ["held", "broke", "inconclusive"]


def searched(size: int, threshold: int) -> Search:
    """The search on a platform that takes all severities below ``threshold``."""
    search = Search(size)
    while (severity := search.next()) is not None:
        search.add(severity, "held" if severity < threshold else "broke")
    return search


def noisy(size: int, threshold: int, error: float, seed: int) -> Search:
    """The same, where each load misjudges with the probability ``error``."""
    draw, search = random.Random(seed), Search(size)
    while (severity := search.next()) is not None:
        held = (severity < threshold) != (draw.random() < error)
        search.add(severity, "held" if held else "broke")
    return search


def holds(search: Search, threshold: int) -> bool:
    """Whether the threshold lies in the interval that was found, whose ends count as decided."""
    low, high = search.tolerated, search.broke_at
    return (low is None or low < threshold) and (high is None or threshold <= high)


@given(st.data(), SIZES)
def test_of_a_monotone_platform_the_two_severities_beside_the_threshold_are_found(
    data: st.DataObject, size: int
) -> None:
    threshold = data.draw(st.integers(0, size))
    search = searched(size, threshold=threshold)
    assert search.tolerated == (threshold - 1 if threshold else None)
    assert search.broke_at == (threshold if threshold < size else None)
    assert (search.below, search.beyond) == (threshold == 0, threshold == size)
    assert search.narrow


@given(st.data(), SIZES)
def test_a_search_costs_two_loads_for_each_end_and_one_for_each_step(
    data: st.DataObject, size: int
) -> None:
    search = searched(size, threshold=data.draw(st.integers(0, size)))
    assert search.points <= 4 + (size - 1).bit_length()


def test_what_is_insensitive_costs_two_loads() -> None:
    assert searched(19, threshold=19).points == 2


@given(st.data(), SIZES)
def test_whatever_the_loads_say_both_ends_are_decided_or_none_is_named(
    data: st.DataObject, size: int
) -> None:
    search = Search(size)
    votes: dict[int, list[Vote]] = {n: [] for n in range(size)}
    while (severity := search.next()) is not None:
        vote = data.draw(st.sampled_from(VOTES))
        votes[severity].append(vote)
        search.add(severity, vote)
    low, high = search.tolerated, search.broke_at
    assert search.points <= MOST_POINTS
    if low is not None:
        assert votes[low].count("held") - votes[low].count("broke") >= 2
    if high is not None:
        assert votes[high].count("broke") - votes[high].count("held") >= 2
    assert low is None or high is None or low < high
    assert not (search.beyond and search.below)


@given(st.data(), SIZES)
def test_no_load_within_the_interval_speaks_against_one_of_its_ends(
    data: st.DataObject, size: int
) -> None:
    search = Search(size)
    votes: dict[int, list[Vote]] = {n: [] for n in range(size)}
    while (severity := search.next()) is not None:
        vote = data.draw(st.sampled_from(VOTES[:2]))
        votes[severity].append(vote)
        search.add(severity, vote)
    low, high = search.tolerated, search.broke_at
    if low is not None and not search.beyond:
        assert all(len(set(votes[n])) < 2 or "held" in votes[n] for n in range(low))
        assert not any(set(votes[n]) == {"broke"} for n in range(low))
    if high is not None:
        assert not any(set(votes[n]) == {"held"} for n in range(high + 1, size))


@given(st.integers(0, 19), st.integers(0, 10**6))
def test_a_single_wrong_load_changes_no_end(threshold: int, seed: int) -> None:
    size, draw = 19, random.Random(seed)
    wrong, search = draw.randrange(12), Search(size)
    while (severity := search.next()) is not None:
        held = (severity < threshold) != (search.points == wrong)
        search.add(severity, "held" if held else "broke")
    assert holds(search, threshold)


def test_a_noisy_platform_is_within_the_interval_as_often_as_stated() -> None:
    runs = 6_000
    missed = sum(not holds(noisy(19, seed % 20, ERROR, seed), seed % 20) for seed in range(runs))
    confidence = Search(19).confidence
    assert 0.9 < confidence < 1
    assert missed / runs <= 1 - confidence
    assert missed, "the noise of this test is too weak to test anything"


def test_where_the_platform_is_of_two_minds_the_interval_is_wide() -> None:
    """Severities 8 to 11 break every other time: neither end may lie among them."""
    search, turns = Search(19), dict.fromkeys(range(8, 12), 0)
    while (severity := search.next()) is not None:
        held = severity < 8
        if severity in turns:
            turns[severity] += 1
            held = turns[severity] % 2 == 0
        search.add(severity, "held" if held else "broke")
    low, high = search.tolerated, search.broke_at
    assert low is not None
    assert high is not None
    assert low < 8
    assert high > 11
    assert high - low > 1


def test_a_disagreement_is_settled_by_two_more_loads() -> None:
    search = Search(10)
    votes: list[Vote] = ["held", "broke", "held", "held"]
    for vote in votes:
        assert search.next() == 9
        search.add(9, vote)
    assert search.beyond
    assert search.next() is None


def test_two_loads_that_say_nothing_end_the_search() -> None:
    search = Search(10)
    search.add(9, "inconclusive")
    assert search.next() == 9
    search.add(9, "inconclusive")
    assert search.next() is None
    assert search.hopeless == 9
    assert not search.narrow
    assert (search.tolerated, search.broke_at) == (None, None)


def test_a_load_that_says_nothing_is_repeated_and_forgotten() -> None:
    search = Search(10)
    search.add(9, "inconclusive")
    search.add(9, "held")
    search.add(9, "held")
    assert search.beyond


@given(st.data(), SIZES)
def test_what_remains_comes_down_to_nothing(data: st.DataObject, size: int) -> None:
    threshold = data.draw(st.integers(0, size))
    search = Search(size)
    while (severity := search.next()) is not None:
        assert search.remaining() > 0
        search.add(severity, "held" if severity < threshold else "broke")
    assert search.remaining() == 0
