from __future__ import annotations

import itertools
from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import Population
from codeblue.patients.dirt import KINDS, Label, Labels, inject
from codeblue.patients.rows import Rows, Value

RATES = {
    "missing-identifier": 0.02,
    "name-typo": 0.05,
    "swapped-names": 0.02,
    "sex-code": 0.03,
    "mixed-date-format": 0.05,
    "birth-date-slip": 0.02,
    "future-date": 0.01,
    "mojibake": 0.2,
}
MakePatients = Callable[[range], Rows]


def column(rows: Rows, field: str) -> list[str]:
    value = rows.fields[field]
    if isinstance(value, bytes):
        return [value.decode()] * len(rows)
    return [text.decode() for text in value.tolist()]


def test_labels_tell_every_change_and_nothing_else(
    make_patients: MakePatients, population: Population
) -> None:
    clean, rows = make_patients(range(3000)), make_patients(range(3000))
    labels = inject(rows, RATES, 1.0, population)
    truth = {field: column(clean, field) for field in clean.fields}
    place = {text: row for row, text in enumerate(truth["id"])}
    for label in labels.rows:
        if label.place != "id":
            assert label.before != label.after
            assert truth[label.place][place[label.record]] == label.before
            truth[label.place][place[label.record]] = label.after
    assert {field: column(rows, field) for field in rows.fields} == truth
    assert {label.kind for label in labels.rows} == {"duplicate", *RATES}


@given(st.lists(st.integers(0, 900), max_size=6), st.floats(0.1, 3))
@settings(max_examples=25, deadline=None)
def test_any_split_of_the_persons_gives_the_same_dirt(
    make_patients: MakePatients, population: Population, cuts: list[int], mess: float
) -> None:
    whole = make_patients(range(900))
    expected = inject(whole, RATES, mess, population)
    bounds = [0, *sorted(cuts), 900]
    parts, labels = [], []
    for start, stop in itertools.pairwise(bounds):
        part = make_patients(range(start, stop))
        labels.append(inject(part, RATES, mess, population))
        parts.append(part)
    assert sorted(Labels.join(labels).rows) == sorted(expected.rows)
    for field in whole.fields:
        assert [text for part in parts for text in column(part, field)] == column(whole, field)


@given(st.integers(0, 5000))
@settings(max_examples=30, deadline=None)
def test_a_person_alone_is_as_dirty_as_among_others(
    make_patients: MakePatients, population: Population, person: int
) -> None:
    alone = inject(make_patients(range(person, person + 1)), RATES, 1.0, population)
    among = inject(make_patients(range(max(person - 40, 0), person + 60)), RATES, 1.0, population)
    assert sorted(alone.rows) == sorted(row for row in among.rows if row.person == person)


@pytest.mark.parametrize("kind", sorted(RATES))
def test_a_rate_is_a_share_of_the_records(
    make_patients: MakePatients, population: Population, kind: str
) -> None:
    rows = make_patients(range(6000))
    first = np.count_nonzero(rows.copy == 0)
    labels = inject(rows, {kind: 0.2}, 1.0, population).rows
    hit = {label.record for label in labels if label.kind == kind and label.copy == 0}
    # Only two of five families have a letter with an accent.
    share = 0.2 * (0.4 if kind == "mojibake" else 1.0)
    assert len(hit) / first == pytest.approx(share, abs=0.02)


def test_second_records_are_likelier_to_be_dirty(
    make_patients: MakePatients, population: Population
) -> None:
    rows = make_patients(range(6000))
    labels = inject(rows, {"missing-identifier": 0.1}, 1.0, population).rows
    shares = [
        sum(label.kind == "missing-identifier" and label.copy == copy for label in labels)
        / np.count_nonzero(rows.copy == copy)
        for copy in (0, 2)
    ]
    assert shares == [pytest.approx(0.1, abs=0.02), pytest.approx(0.3, abs=0.04)]


def test_mess_scales_all_rates(make_patients: MakePatients, population: Population) -> None:
    def spoiled(mess: float) -> int:
        labels = inject(make_patients(range(3000)), RATES, mess, population)
        return sum(label.kind != "duplicate" for label in labels.rows)

    assert spoiled(0) == 0
    assert spoiled(2) == pytest.approx(2 * spoiled(1), rel=0.15)


def test_no_mess_and_no_rows_leave_everything_alone(
    make_patients: MakePatients, population: Population
) -> None:
    for rows, mess in ((make_patients(range(300)), 0.0), (make_patients(range(0)), 1.0)):
        before = deepcopy(rows.fields)
        assert not len(inject(rows, RATES, mess, population))
        assert all(rows.fields[field] is not None for field in before)
        assert {field: column(rows, field) for field in before} == {
            field: column(Rows(rows.resource, 1, rows.person, rows.copy, before), field)
            for field in before
        }


def test_arrays_that_others_share_stay_as_they_were(
    make_patients: MakePatients, population: Population
) -> None:
    rows = make_patients(range(2000))
    shared = dict(rows.fields)
    before = {field: np.copy(value) for field, value in shared.items()}
    assert len(inject(rows, RATES, 1.0, population))
    assert all(np.array_equal(before[field], value) for field, value in shared.items())


def test_a_constant_becomes_an_array_only_when_a_row_of_it_changes(population: Population) -> None:
    def rows() -> Rows:
        person = np.arange(2000)
        fields: dict[str, Value] = {"id": person.astype("S"), "code": b"2345-7", "status": b"final"}
        return Rows("Observation", 0, person, np.zeros(2000, dtype=np.int64), fields, "glucose:0")

    clean, spoiled = rows(), rows()
    inject(clean, {"name-typo": 0.5}, 1.0, population)
    labels = inject(spoiled, {"wrong-code": 0.01}, 1.0, population)
    assert clean.fields["code"] == b"2345-7"
    assert spoiled.fields["status"] == b"final"
    changed = [text for text in column(spoiled, "code") if text != "2345-7"]
    assert 0 < len(changed) == len(labels) < 60


def test_visits_and_repeated_rows_of_a_person_have_draws_of_their_own(
    population: Population,
) -> None:
    def spoiled(person: np.ndarray, part: str) -> list[Label]:
        fields: dict[str, Value] = {"id": np.arange(len(person)).astype("S"), "code": b"2345-7"}
        copy = np.zeros(len(person), dtype=np.int64)
        rows = Rows("Observation", 0, person, copy, fields, part)
        return inject(rows, {"wrong-code": 0.5}, 1.0, population).rows

    once = {label.person for label in spoiled(np.arange(400), "glucose:0")}
    assert once != {label.person for label in spoiled(np.arange(400), "glucose:1")}
    twice = spoiled(np.repeat(np.arange(400), 2), "glucose:0")
    first = {label.person for label in twice if int(label.record) % 2 == 0}
    second = {label.person for label in twice if int(label.record) % 2 == 1}
    assert once == first != second
    assert len(second) == pytest.approx(200, abs=50)


def test_rates_above_one_spoil_everything_once(
    make_patients: MakePatients, population: Population
) -> None:
    rows = make_patients(range(300))
    labels = inject(rows, {"missing-identifier": 0.9, "sex-code": 0.9}, 5.0, population).rows
    hit = [label.record for label in labels if label.kind in ("missing-identifier", "sex-code")]
    assert sorted(hit) == sorted(column(make_patients(range(300)), "id"))


def test_every_kind_says_what_goes_wrong() -> None:
    assert len(KINDS) >= 20
    for name, kind in KINDS.items():
        assert kind.name == name
        assert name.replace("-", "").isalpha()
        assert name.islower()
        assert kind.title[0].islower()
        assert not kind.title.endswith(".")
