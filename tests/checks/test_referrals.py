"""Referrals: all of it or nothing, and every way in which a hospital may leave half of it."""

from __future__ import annotations

from collections import Counter

import pytest

from codeblue.checks.referrals import REFUSED, Ended, ended, refer, refer_until_completed

from .referring import hospital_that

COUNT = 4
ENDS = {
    "": Ended(Counter(completed=COUNT), 0, 0, 0),
    "taken back": Ended(Counter(compensated=COUNT), 0, 0, 0),
    "refused": Ended(Counter({REFUSED: COUNT}), 0, 0, 0),
    "half": Ended(Counter({REFUSED: COUNT}), 0, COUNT, 0),
    "booked for ever": Ended(Counter(compensated=COUNT), 0, COUNT, 0),
    "not booked": Ended(Counter(completed=COUNT), 0, 0, COUNT),
    "stuck": Ended(Counter(accepted=COUNT), COUNT, COUNT, 0),
}


@pytest.mark.parametrize("habit", ENDS)
def test_what_is_left_of_referrals(habit: str) -> None:
    with hospital_that(habit) as client:
        referred = refer(client, "p-1", COUNT, over=0.1)
        assert ended(client, referred, within=0.5) == ENDS[habit]


def test_every_referral_has_a_slot_of_its_own() -> None:
    with hospital_that() as client:
        assert len({one.slot for one in refer(client, "p-1", COUNT, over=0)}) == COUNT


@pytest.mark.parametrize(("habit", "back"), [("", True), ("stuck", False), ("refused", False)])
def test_whether_referrals_are_possible_again(habit: str, back: bool) -> None:
    with hospital_that(habit) as client:
        assert refer_until_completed(client, "p-1", within=0.3) is back
