from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import Population, load_population
from codeblue.patients.draws import LANE
from codeblue.patients.people.persons import Known, Persons, lane_table
from codeblue.patients.population import CHUNK
from codeblue.patients.population_files import LARGEST

NETWORK = load_population("regional-network", size=LARGEST)
STARTS = st.integers(0, LARGEST - 3 * CHUNK)


def same(one: Persons, other: Persons, part: slice) -> bool:
    columns = [field.name for field in fields(Persons) if field.name != "start"]
    return all((getattr(one, name)[part] == getattr(other, name)).all() for name in columns)


@given(STARTS, st.integers(0, 60), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_any_persons_are_the_same_alone(start: int, offset: int, count: int) -> None:
    whole = NETWORK.persons(start, start + offset + count + 5)
    alone = NETWORK.persons(start + offset, start + offset + count)
    assert alone.start == start + offset
    assert len(alone) == count
    assert same(whole, alone, slice(offset, offset + count))


@given(STARTS)
@settings(max_examples=20, deadline=None)
def test_a_chunk_is_the_same_as_its_persons_one_by_one(start: int) -> None:
    chunk = NETWORK.persons(start, start + CHUNK)
    for row in (0, 1, CHUNK // 2, CHUNK - 1):
        alone = NETWORK.persons(start + row, start + row + 1)
        assert same(chunk, alone, slice(row, row + 1))


@given(STARTS, st.integers(0, 50))
@settings(max_examples=20, deadline=None)
def test_what_is_known_is_a_part_of_the_whole(start: int, count: int) -> None:
    whole, known = NETWORK.persons(start, start + count), NETWORK.known(start, start + count)
    assert type(known) is Known
    for name in ("birth_date", "home", "visited"):
        assert (getattr(known, name) == getattr(whole, name)).all()
    assert (NETWORK.homes(start, start + count) == whole.home).all()


def test_every_column_fits_what_it_points_into() -> None:
    pools, tables = NETWORK.pools, NETWORK.tables
    persons = NETWORK.persons(0, 4 * CHUNK)
    given_names = np.where(persons.female, len(pools.female_given), len(pools.male_given))
    assert (persons.given < given_names).all()
    assert (persons.middle < given_names).all()
    for column, size in (
        (persons.family, len(pools.families)),
        (persons.street, len(pools.streets)),
        (persons.place, len(pools.cities)),
        (persons.race, len(tables.races)),
        (persons.home, len(NETWORK.institutions)),
    ):
        assert set(np.unique(column)) == set(range(size))
    assert persons.conditions.shape == (4 * CHUNK, len(tables.conditions))
    assert persons.medications.shape == (4 * CHUNK, len(tables.medications))
    assert set(np.unique(persons.allergy)) == set(range(-1, len(tables.allergies)))
    assert (persons.house >= 1).all()
    assert (persons.line_number // 100 == 1).all()  # 555-01xx is kept free for fiction
    assert ((persons.area_code >= 200) & (persons.area_code < 1000)).all()


def test_columns_are_independent() -> None:
    persons = NETWORK.persons(0, 8 * CHUNK)
    columns = [
        *(persons.family, persons.given, persons.street, persons.house, persons.place),
        *(persons.area_code, persons.line_number, persons.home, persons.race),
    ]
    correlations = np.corrcoef(np.stack(columns)) - np.eye(len(columns))
    assert np.abs(correlations).max() < 0.03


def test_institutions_get_their_shares_and_the_shared_persons_another_one() -> None:
    persons = NETWORK.persons(0, 8 * CHUNK)
    shares = np.array([institution.share for institution in NETWORK.institutions])
    counted = np.bincount(persons.home) / len(persons)
    assert counted == pytest.approx(shares / shares.sum(), abs=0.01)
    visiting = persons.visited >= 0
    assert visiting.mean() == pytest.approx(NETWORK.shared, abs=0.01)
    assert (persons.visited[visiting] != persons.home[visiting]).all()
    for home in range(len(shares)):
        others = np.where(np.arange(len(shares)) == home, 0, shares)
        there = np.bincount(
            persons.visited[visiting & (persons.home == home)], minlength=len(shares)
        )
        assert there / there.sum() == pytest.approx(others / others.sum(), abs=0.04)


def test_a_single_institution_knows_all() -> None:
    persons = load_population("pilot-clinic").persons(0, 500)
    assert (persons.home == 0).all()
    assert (persons.visited == -1).all()


def test_ages_are_reckoned_from_the_reference_date() -> None:
    persons = NETWORK.persons(0, CHUNK)
    day = NETWORK.reference_date
    for row in range(0, CHUNK, 17):
        born = persons.birth_date[row].item()
        had_no_birthday_yet = (day.month, day.day) < (born.month, born.day)
        assert persons.age[row] == day.year - born.year - had_no_birthday_yet


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20).filter(any))
def test_a_lane_table_holds_each_index_as_often_as_it_weighs(weights: list[int]) -> None:
    table = lane_table(weights)
    assert len(table) == LANE
    assert np.bincount(table, minlength=len(weights)) == pytest.approx(
        LANE * np.array(weights) / sum(weights), abs=1
    )


def test_seeds_make_other_persons() -> None:
    other = load_population("regional-network", seed=1).persons(0, 500)
    assert (other.family != NETWORK.persons(0, 500).family).mean() > 0.9


def test_persons_outside_the_population_are_refused() -> None:
    small: Population = load_population("pilot-clinic")
    with pytest.raises(IndexError, match="has 500 patients"):
        small.persons(499, 501)
    with pytest.raises(IndexError):
        small.persons(-1, 2)
