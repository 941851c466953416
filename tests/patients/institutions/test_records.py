from __future__ import annotations

import re
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import load_population
from codeblue.patients.institutions import Institution, Profile, RecordNumber
from codeblue.patients.institutions.records import (
    DUPLICATE,
    HOME,
    VISITED,
    Records,
    record_ids,
    record_numbers,
    records,
)

NETWORK = load_population("regional-network")
SEEDS = st.integers(0, 2**63 - 1)


def kept(start: int, count: int, institution: int) -> Records:
    return NETWORK.records(NETWORK.persons(start, start + count), institution)


def everywhere(start: int, count: int) -> list[Records]:
    return [kept(start, count, number) for number in range(len(NETWORK.institutions))]


def profile_with(digits: int) -> Profile:
    numbers = RecordNumber(prefix="X", digits=digits)
    return NETWORK.institutions[0].profile.model_copy(update={"record_number": numbers})


@given(st.integers(0, 90_000), st.integers(1, 300), st.data())
@settings(max_examples=30, deadline=None)
def test_a_record_is_a_pure_function_of_seed_person_and_copy(
    start: int, count: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, count))
    for number in range(3):
        whole = kept(start, count, number)
        parts = [kept(start, cut, number), kept(start + cut, count - cut, number)]
        for field in ("person", "copy", "id", "number"):
            joined = np.concatenate([getattr(part, field) for part in parts])
            assert joined.tolist() == getattr(whole, field).tolist()


def test_everyone_has_one_record_at_home_and_one_where_they_visit() -> None:
    persons = NETWORK.persons(0, 20_000)
    at_home = np.concatenate([found.person[found.copy == HOME] for found in everywhere(0, 20_000)])
    assert sorted(at_home.tolist()) == list(range(20_000))
    for number in range(3):
        found = kept(0, 20_000, number)
        assert (persons.home[found.row[found.copy == HOME]] == number).all()
        assert (persons.visited[found.row[found.copy == VISITED]] == number).all()
        assert (persons.home[found.row[found.copy == DUPLICATE]] == number).all()
        assert (found.person == found.row).all()
        order = np.lexsort((found.copy, found.person))
        assert (order == np.arange(len(order))).all()


def test_duplicates_come_at_the_rate_of_the_profile_times_the_mess() -> None:
    persons = NETWORK.persons(0, 50_000)
    for number, institution in enumerate(NETWORK.institutions):
        at_home = (persons.home == number).sum()
        for mess in (0.0, 1.0, 2.5):
            found = records(persons, number, institution, NETWORK.draws, mess)
            rate = institution.profile.faults["duplicate"] * mess
            deviation = 4 * (rate * (1 - rate) / at_home) ** 0.5
            assert (found.copy == DUPLICATE).sum() / at_home == pytest.approx(rate, abs=deviation)


def test_who_is_a_duplicate_at_a_little_mess_is_one_at_more() -> None:
    persons = NETWORK.persons(0, 20_000)
    institution = NETWORK.institutions[1]
    some, more = (records(persons, 1, institution, NETWORK.draws, mess) for mess in (0.5, 1.0))
    duplicates = [set(each.person[each.copy == DUPLICATE].tolist()) for each in (some, more)]
    assert duplicates[0] < duplicates[1]


def test_ids_are_distinct_random_uuids() -> None:
    ids = [text.decode() for found in everywhere(0, 30_000) for text in found.id]
    assert len(set(ids)) == len(ids)
    parsed = [UUID(text) for text in ids[:500]]
    assert {each.version for each in parsed} == {4}
    assert {each.variant for each in parsed} == {"specified in RFC 4122"}
    assert [str(each) for each in parsed] == ids[:500]


def test_ids_spread_over_all_their_bits() -> None:
    ids = record_ids(np.arange(4000), np.zeros(4000, dtype=np.int64), 7)
    bits = np.array([[int(bit) for bit in f"{UUID(each.decode()).int:0128b}"] for each in ids])
    fixed = {48, 49, 50, 51, 64, 65}  # version and variant
    means = bits.mean(axis=0)
    assert {n for n in range(128) if means[n] in (0.0, 1.0)} == fixed
    assert all(abs(means[n] - 0.5) < 0.04 for n in range(128) if n not in fixed)


@given(SEEDS, SEEDS)
@settings(max_examples=20, deadline=None)
def test_populations_of_different_seeds_share_no_id(one: int, other: int) -> None:
    persons, copies = np.arange(500), np.zeros(500, dtype=np.int64)
    first, second = (set(record_ids(persons, copies, seed).tolist()) for seed in (one, other))
    assert bool(first & second) == (one == other)


@given(SEEDS, st.integers(4, 12), st.integers(0, 10**8))
@settings(max_examples=40, deadline=None)
def test_no_two_records_of_an_institution_share_a_number(
    seed: int, digits: int, start: int
) -> None:
    institution = Institution("Anywhere", profile_with(digits), 1.0)
    person = np.repeat(np.arange(start, start + 4000), 2)
    copy = np.tile((HOME, DUPLICATE), 4000)
    numbers = record_numbers(person, copy, 0, institution, seed)
    assert len(set(numbers.tolist())) == len(numbers)
    assert all(re.fullmatch(rb"X\d{%d,}" % digits, number) for number in numbers.tolist())


def test_when_the_digits_run_out_numbers_grow_and_stay_distinct() -> None:
    institution = Institution("Anywhere", profile_with(4), 1.0)
    person = np.arange(30_000)
    numbers = record_numbers(person, np.full(30_000, HOME), 0, institution, 1).tolist()
    assert len(set(numbers)) == len(numbers)
    assert {len(number) for number in numbers} == {5, 6}


def test_numbers_do_not_tell_who_belongs_together() -> None:
    """Neither in a number's neighbourhood nor at another institution with the same habits."""
    institution = NETWORK.institutions[1]
    person = np.arange(3000)
    one, twice, elsewhere = (
        record_numbers(person, np.full(3000, copy), number, institution, 5)
        for copy, number in ((HOME, 0), (DUPLICATE, 0), (VISITED, 1))
    )
    as_numbers = [np.array([int(text[1:]) for text in each.tolist()]) for each in (one, twice)]
    assert len(set((as_numbers[1] - as_numbers[0]).tolist())) > 2900
    assert abs(np.corrcoef(as_numbers[0], person)[0, 1]) < 0.1
    assert (one != elsewhere).mean() > 0.999


def test_the_habit_of_the_institution_is_followed() -> None:
    prefixes = [kept(0, 500, number).number.tolist() for number in range(3)]
    assert all(re.fullmatch(rb"C\d{7}", number) for number in prefixes[0])
    assert all(re.fullmatch(rb"H\d{9}", number) for number in prefixes[1])
    assert all(re.fullmatch(rb"\d{10}", number) for number in prefixes[2])
