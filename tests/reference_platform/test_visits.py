from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.visits import Visit, VisitEvent, event_time, fold


def event(trigger: str, hour: int, ward: str = "") -> VisitEvent:
    moment = event_time(f"203103030{hour}0000")
    return VisitEvent("riverside", "EHR", f"{trigger}{hour}", "V1", trigger, moment, "M1", ward)


STAY = [event("A01", 1, "W1"), event("A02", 2, "W2"), event("A08", 3), event("A03", 4)]


@given(st.permutations(STAY))
def test_the_order_of_arrival_does_not_matter(events: list[VisitEvent]) -> None:
    assert fold(events) == Visit("M1", "discharged", "W2", admissions=1, events=4)


def test_events_of_one_second_happen_in_the_order_of_a_stay() -> None:
    at_once = [replace(each, occurred=STAY[0].occurred) for each in reversed(STAY)]
    assert fold(at_once).status == "discharged"


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("20310303080000", "20310303080000.0000"),
        ("20310303080000.25", "20310303080000.2500"),
        ("20310303080000+0100", "20310303070000.0000"),
        ("20310303000000-0530", "20310303053000.0000"),
    ],
)
def test_event_times_are_compared_in_utc(text: str, utc: str) -> None:
    assert event_time(text) == utc


@pytest.mark.parametrize("text", ["", "2031", "20311303080000", "20310303080000Z", "soon"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        event_time(text)


def test_the_offset_of_the_sender_holds_for_what_names_none() -> None:
    hour = timedelta(hours=1)
    assert event_time("20310303080000", hour) == "20310303070000.0000"
    assert event_time("20310303080000+0000", hour) == "20310303080000.0000"
