"""Records made by hand, so that every figure is known."""

from __future__ import annotations

import numpy as np
import pytest

from codeblue.patients.dirt import Label
from codeblue.patients.rows import Rows
from codeblue.patients.score.judging import Judge, Row
from codeblue.patients.score.outcome import Pairs, Tally
from codeblue.patients.score.resources import Kept
from codeblue.patients.tables import load_tables

SYSTEM = "https://lakeside.example/record-number"


def truth(number: int) -> dict[str, str]:
    return {
        "id": f"p{number}",
        "record_number": f"H{number}",
        "record_number_system": SYSTEM,
        "family": "Navarro",
        "given": "Andrea",
        "gender": "female",
        "birth_date": "1964-05-03",
    }


def label(number: int, place: str, kind: str, after: str) -> Label:
    before = truth(number)[place]
    return Label(number, 0, 0, "Patient", "", f"p{number}", place, kind, before, after)


def kept(number: int, **changes: str) -> Kept:
    fields = {**truth(number), **changes}
    identifiers = ((SYSTEM, fields["record_number"]),) if fields["record_number"] else ()
    return Kept(fields["id"], fields, identifiers)


def judged(*records: tuple[list[Label], Kept | None]) -> dict[str, Tally]:
    judge = Judge(str.__eq__, load_tables())
    count = len(records)
    fields = {name: np.array([b"x"] * count) for name in truth(0)}
    zeros = np.zeros(count, dtype=np.int64)
    compared = [
        (Row(f"p{number}", truth(number), labels), found)
        for number, (labels, found) in enumerate(records)
    ]
    judge.judge(Rows("Patient", 0, zeros, zeros, dict(fields)), compared)
    return judge.tallies


def test_every_fate_is_counted() -> None:
    tally = judged(
        ([label(0, "gender", "sex-code", "F")], None),
        ([label(1, "gender", "sex-code", "F")], kept(1)),
        ([label(2, "gender", "sex-code", "F")], kept(2, gender="F")),
        ([label(3, "gender", "sex-code", "F")], kept(3, gender="")),
        ([label(4, "gender", "sex-code", "F")], kept(4, gender="male")),
        ([], None),
        ([], kept(6, gender="male")),
        ([], kept(7)),
    )["sex-code"]
    assert tally == Tally(sent=5, refused=2, corrected=1, kept=2, false_alarms=2)
    assert tally.recall == pytest.approx(3 / 5)
    assert tally.precision == pytest.approx(3 / 5)


def test_all_places_of_a_kind_must_be_right() -> None:
    swapped = [
        label(0, "family", "swapped-names", "Andrea"),
        label(0, "given", "swapped-names", "Navarro"),
    ]
    half = judged((swapped, kept(0, family="Navarro", given="Navarro")))["swapped-names"]
    assert (half.corrected, half.kept) == (0, 1)
    assert judged((swapped, kept(0)))["swapped-names"].corrected == 1


def test_a_missing_identifier_is_caught_when_it_is_found_again() -> None:
    missing = [label(0, "record_number", "missing-identifier", "")]
    assert judged((missing, kept(0, record_number="")))["missing-identifier"].kept == 1
    assert judged((missing, kept(0)))["missing-identifier"].corrected == 1
    # A merged Patient has the numbers of both records.
    both = Kept("p9", truth(0), ((SYSTEM, "H77"), (SYSTEM, "H0")))
    assert judged((missing, both))["missing-identifier"].corrected == 1


def test_a_false_alarm_is_one_in_a_place_of_the_kind() -> None:
    tallies = judged(
        ([], kept(0, given="Andy")), ([label(1, "given", "name-typo", "Anrdea")], None)
    )
    assert tallies["name-typo"].false_alarms == 1
    assert tallies["swapped-names"].false_alarms == 1
    assert tallies["sex-code"].false_alarms == 0
    assert tallies["name-typo"].refused == 1


def test_two_kinds_that_undo_each_other_are_no_dirt() -> None:
    labels = [
        label(0, "given", "name-typo", "Anrdea"),
        label(0, "given", "name-typo", "Andrea")._replace(before="Anrdea"),
    ]
    assert judged((labels, kept(0)))["name-typo"].sent == 0


def test_nothing_caught_has_no_precision() -> None:
    assert Tally(sent=3, kept=3).precision is None
    assert Tally().recall is None
    assert Pairs(true=2, merged=4, rightly=1).as_dict() == {
        "true": 2,
        "merged": 4,
        "rightly": 1,
        "recall": 0.5,
        "precision": 0.25,
    }
