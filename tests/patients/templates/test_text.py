from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients.rows import Text
from codeblue.patients.templates import text

DAYS = st.dates(date(1880, 1, 1), date(2119, 12, 31))
MOMENTS = st.datetimes(datetime(1881, 1, 1), datetime(2119, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
OFFSETS = st.integers(-14 * 60, 14 * 60)
NAMES = st.lists(st.text(st.characters(exclude_categories=["C"]), max_size=8), min_size=1)


def seconds(moments: list[datetime]) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array([int(m.timestamp()) for m in moments]).view("datetime64[s]")


def decoded(found: Text) -> list[str]:
    return [each.decode() for each in found.tolist()]


@given(st.lists(DAYS, min_size=1))
def test_dates_are_written_as_the_calendar_has_them(days: list[date]) -> None:
    column = np.array(days, dtype="datetime64[D]")
    assert decoded(text.dates(column)) == [day.isoformat() for day in days]
    assert decoded(text.compact_dates(column)) == [f"{day:%Y%m%d}" for day in days]


@given(st.lists(MOMENTS, min_size=1), OFFSETS)
def test_timestamps_are_local_with_their_offset(moments: list[datetime], offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    found = decoded(text.timestamps(seconds(moments), offset))
    assert [datetime.fromisoformat(each) for each in found] == moments
    assert found == [
        moment.astimezone(zone).isoformat().replace("+00:00", "Z") for moment in moments
    ]


@given(st.lists(MOMENTS, min_size=1), OFFSETS)
@pytest.mark.parametrize(
    ("precision", "form"),
    [("minute", "%Y%m%d%H%M"), ("second", "%Y%m%d%H%M%S"), ("millisecond", "%Y%m%d%H%M%S.000")],
)
def test_compact_timestamps_are_as_exact_as_asked(
    precision: str, form: str, moments: list[datetime], offset: int
) -> None:
    zone = timezone(timedelta(minutes=offset))
    expected = [moment.astimezone(zone).strftime(form + "%z" * bool(offset)) for moment in moments]
    assert decoded(text.compact_timestamps(seconds(moments), precision, offset)) == expected


@given(st.lists(st.integers(-30_000, 30_000), min_size=1), st.integers(0, 3))
def test_scaled_numbers_keep_value_and_decimals(values: list[int], decimals: int) -> None:
    for found, value in zip(decoded(text.scaled(np.array(values), decimals)), values, strict=True):
        assert Decimal(found) == Decimal(value).scaleb(-decimals)
        assert len(found.partition(".")[2]) == decimals


def test_the_width_of_a_number_does_not_depend_on_its_neighbours() -> None:
    widths = {text.scaled(np.array([value]), 1).itemsize for value in (0, 7, 986, 19_999)}
    assert len(widths) == 1


@given(st.lists(st.integers(0, 2**40), min_size=1), st.integers(1, 14))
def test_zero_padded_numbers_are_their_last_digits(numbers: list[int], digits: int) -> None:
    column = np.array(numbers)
    assert decoded(text.zero_padded(column, digits)) == [
        f"{number:0{digits}d}"[-digits:] for number in numbers
    ]
    assert decoded(text.zero_padded(column, digits, base=16)) == [
        f"{number:0{digits}x}"[-digits:] for number in numbers
    ]


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1))
def test_bits_become_random_uuids(pairs: list[tuple[int, int]]) -> None:
    high, low = (np.array(half, dtype=np.uint64) for half in zip(*pairs, strict=True))
    for found, (above, below) in zip(decoded(text.uuid_text(high, low)), pairs, strict=True):
        assert found == str(uuid.UUID(int=above << 64 | below, version=4))


@given(NAMES, NAMES)
def test_parts_are_joined_row_by_row(left: list[str], right: list[str]) -> None:
    count = min(len(left), len(right))
    one, other = text.words(left[:count]), text.words(right[:count])
    expected = [f"{a}, {b}" for a, b in zip(left[:count], right[:count], strict=True)]
    assert decoded(text.join(one, b", ", other)) == expected


@given(NAMES)
def test_latin_1_is_what_python_makes_of_it(names: list[str]) -> None:
    expected = [name.encode("iso-8859-1", "replace") for name in names]
    found = np.asarray(text.latin_1(text.words(names)))
    assert [each.replace(b"\0", b"") for each in found.tolist()] == expected
    assert text.latin_1("Muñoz".encode()) == b"Mu\xf1oz"
