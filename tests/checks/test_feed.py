"""The ADT feed: real HL7, comparable twins, and disorder that repeats with its seed."""

from __future__ import annotations

from collections import Counter

import hl7
from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks.feed import early_discharges, resends, stays
from codeblue.checks.people import people


def test_messages_are_hl7_with_the_fields_where_they_belong() -> None:
    [stay] = stays(1, "V", "riverside")
    admission = hl7.parse(stay[0].text)
    assert str(admission["MSH.F4"]) == "riverside"
    assert admission["MSH.F9.R1.C2"] == "A01"
    assert str(admission["PV1.F19"]) == "V000"
    assert admission["PV1.F3.R1.C1"] == "W00"
    assert admission["PID.F3.R1.C1"] == people().patient(0).record_number
    assert str(admission["EVN.F2"]) == "20310303080000"


def test_events_of_a_stay_are_later_one_by_one_and_ids_are_unique() -> None:
    for stay in stays(8, "V", "riverside"):
        times = [str(hl7.parse(message.text)["EVN.F2"]) for message in stay]
        assert times == sorted(set(times))
    feed = [message for stay in stays(8, "V", "riverside") for message in stay]
    assert len({str(hl7.parse(message.text)["MSH.F10"]) for message in feed}) == len(feed)


def test_feeds_of_other_visits_are_the_same_but_for_the_name() -> None:
    one, other = stays(12, "VA", "riverside"), stays(12, "VB", "riverside")
    renamed = [[m.text.replace("VB", "VA") for m in stay] for stay in other]
    assert [[m.text for m in stay] for stay in one] == renamed


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_resends_hold_every_message_so_often(seed: int, copies: int) -> None:
    feed = stays(6, "V", "riverside")
    sent = resends(feed, copies, seed)
    assert Counter(sent) == Counter({m: copies for stay in feed for m in stay})
    assert sent == resends(feed, copies, seed)


def test_early_discharges_are_counted_by_first_arrival() -> None:
    [stay] = stays(1, "V", "riverside")
    assert early_discharges(stay) == 0
    assert early_discharges(stay[::-1]) == 1


def test_the_disorder_of_every_small_seed_has_early_discharges() -> None:
    feed = stays(24, "V", "riverside")
    assert all(early_discharges(resends(feed, 3, seed)) for seed in range(200))
