from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.patients import Population
from codeblue.patients.dirt.dates import (
    BirthDateSlip,
    ClockSkew,
    FutureDate,
    MixedDateFormat,
    TimeZoneSlip,
)

Spoil = Callable[..., dict[str, str]]
BITS = st.integers(0, 2**64 - 1)
DAYS = st.dates(date(1900, 1, 1), date(2025, 6, 1))
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2025, 6, 1)).map(
    lambda time: time.replace(microsecond=0)
)


@pytest.mark.parametrize(
    ("field", "right", "monthly", "daily"),
    [
        ("birth_date", "1964-05-03", "05/03/1964", "03.05.1964"),
        ("birth_date", "19640503", "05/03/1964", "03.05.1964"),
        ("effective", "2025-05-03T10:20:30Z", "05/03/2025 10:20:30", "03.05.2025 10:20:30"),
        ("effective", "2025-05-03T10:20:30-05:00", "05/03/2025 10:20:30", "03.05.2025 10:20:30"),
        ("effective", "202505031020", "05/03/2025 10:20", "03.05.2025 10:20"),
    ],
)
def test_another_order(spoil: Spoil, field: str, right: str, monthly: str, daily: str) -> None:
    assert spoil(MixedDateFormat(), {field: right}, 0) == {field: monthly}
    assert spoil(MixedDateFormat(), {field: right}, 1) == {field: daily}


@given(DAYS, BITS)
def test_a_slipped_birth_date_exists_and_is_near(spoil: Spoil, born: date, choice: int) -> None:
    slipped = date.fromisoformat(
        spoil(BirthDateSlip(), {"birth_date": born.isoformat()}, choice)["birth_date"]
    )
    assert slipped != born
    if born.day <= 12 and born.day != born.month:
        assert (slipped.year, slipped.month, slipped.day) == (born.year, born.day, born.month)
    else:
        assert abs(slipped.year - born.year) in (1, 10)


@given(TIMES, BITS, st.sampled_from(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S-05:00"]))
def test_the_future_begins_after_the_reference_date(
    spoil: Spoil, population: Population, time: datetime, choice: int, form: str
) -> None:
    text = spoil(FutureDate(), {"effective": time.strftime(form)}, choice)["effective"]
    assert text[10:] == time.strftime(form)[10:]
    assert date.fromisoformat(text[:10]) > population.reference_date


@given(TIMES, BITS)
def test_a_zone_slips_by_whole_hours(spoil: Spoil, time: datetime, choice: int) -> None:
    text = spoil(TimeZoneSlip(), {"effective": f"{time:%Y-%m-%dT%H:%M:%SZ}"}, choice)["effective"]
    hours = (time.replace(tzinfo=UTC) - datetime.fromisoformat(text)) / timedelta(hours=1)
    assert hours in (4, 5, 6, 7, 8)


@given(TIMES, BITS)
def test_a_clock_is_off_by_at_most_three_days(spoil: Spoil, time: datetime, choice: int) -> None:
    text = spoil(ClockSkew(), {"effective": f"{time:%Y%m%d%H%M%S}.000-0500"}, choice)["effective"]
    moved = datetime.strptime(text, "%Y%m%d%H%M%S.000-0500")
    assert timedelta(minutes=5) <= abs(moved - time) < timedelta(days=3, minutes=5)


@pytest.mark.parametrize("kind", [TimeZoneSlip(), ClockSkew()])
def test_a_day_has_no_clock(spoil: Spoil, kind: ClockSkew) -> None:
    assert spoil(kind, {"onset": "2014-09-06"}) == {"onset": "2014-09-06"}
    assert spoil(kind, {"birth_date": "2014-09-06"}) == {}


@pytest.mark.parametrize("text", ["", "09/06/2014", "unknown"])
@pytest.mark.parametrize("kind", [MixedDateFormat(), FutureDate(), TimeZoneSlip()])
def test_what_is_no_date_is_left_alone(spoil: Spoil, kind: FutureDate, text: str) -> None:
    assert spoil(kind, {"effective": text}).get("effective", text) == text


def test_minutes_stay_minutes(spoil: Spoil) -> None:
    text = spoil(TimeZoneSlip(), {"start": "202505031020"})["start"]
    assert re.fullmatch(r"20250503\d\d20", text)
