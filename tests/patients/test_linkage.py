from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import Population, load_population
from codeblue.patients.linkage import linkage

SIZE = 3_000


@pytest.fixture(scope="module")
def population() -> Population:
    return load_population("regional-network", size=SIZE)


def test_it_tells_who_is_known_where(population: Population) -> None:
    rows = linkage(population, population.persons(0, SIZE)).to_pylist()
    persons = population.persons(0, SIZE)
    assert len({row["record"] for row in rows}) == len(rows)
    assert len({(row["institution"], row["record_number"]) for row in rows}) == len(rows)
    copies = Counter(row["copy"] for row in rows)
    assert copies[0] == SIZE
    assert copies[1] == sum(visited >= 0 for visited in persons.visited.tolist())
    assert copies[2] > 0
    for row in rows:
        home = persons.home[row["person"]]
        assert (row["institution"] == home) == (row["copy"] != 1)


@given(st.lists(st.integers(0, SIZE), max_size=4))
@settings(max_examples=10, deadline=None)
def test_any_split_of_the_persons_gives_the_same_links(
    population: Population, cuts: list[int]
) -> None:
    bounds = [0, *sorted(cuts), SIZE]
    parts = [
        row
        for start, stop in itertools.pairwise(bounds)
        for row in linkage(population, population.persons(start, stop)).to_pylist()
    ]
    whole = linkage(population, population.persons(0, SIZE)).to_pylist()
    assert sorted(parts, key=lambda row: row["record"]) == sorted(
        whole, key=lambda row: row["record"]
    )
