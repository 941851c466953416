"""Races: the planted ones are found, and a sound hospital raises no alarm."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks.fresh import fresh_patient, fresh_slots
from codeblue.checks.races import append_at_once, append_in_turn, book_at_once, book_in_turn

ClientOf = Callable[..., httpx.Client]
CALLERS = [f"patient-{n}" for n in range(10)]


def test_a_double_booking_is_found(hospital: ClientOf) -> None:
    desk = hospital("double booking")
    slots = fresh_slots(desk, 6)
    result = book_at_once(desk, slots, CALLERS)
    assert (result.slots, result.contended, result.booked) == (6, 6, 6)
    assert result.double == 6


def test_a_vanished_booking_is_found(hospital: ClientOf) -> None:
    desk = hospital("vanished booking")
    result = book_at_once(desk, fresh_slots(desk, 2), CALLERS)
    assert (result.vanished, result.double) == (2, 0)


@pytest.mark.parametrize("defect", [(), ("double booking",)])
def test_callers_in_turn_never_collide(hospital: ClientOf, defect: tuple[str, ...]) -> None:
    desk = hospital(*defect)
    result = book_in_turn(desk, fresh_slots(desk, 3), CALLERS[:3])
    assert (result.booked, result.contended, result.double, result.vanished) == (3, 3, 0, 0)


def test_no_alarm_on_a_sound_desk(hospital: ClientOf) -> None:
    desk = hospital()
    result = book_at_once(desk, fresh_slots(desk, 6), CALLERS)
    assert (result.booked, result.contended, result.double, result.vanished) == (6, 6, 0, 0)


def test_lost_appends_are_found(hospital: ClientOf) -> None:
    ward = hospital("lost allergy")
    codes = [str(code) for code in range(50)]
    assert append_in_turn(ward, fresh_patient(ward), codes[:5]).lost == 0
    assert append_at_once(ward, fresh_patient(ward), codes).lost > 10


def test_no_append_is_lost_on_a_sound_ward(hospital: ClientOf) -> None:
    ward = hospital()
    result = append_at_once(ward, fresh_patient(ward), [str(code) for code in range(50)])
    assert (result.sent, result.acknowledged, result.lost) == (50, 50, 0)
