"""Blind and stale updates: found where they are accepted, and only there."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from codeblue.checks.fresh import fresh_patient
from codeblue.checks.updates import (
    Updates,
    update_at_once,
    update_blindly,
    update_with_match,
    update_with_stale_match,
)

ClientOf = Callable[..., httpx.Client]


def test_accepted_blind_updates_are_counted(hospital: ClientOf) -> None:
    ward = hospital("blind update")
    patients = [fresh_patient(ward) for _ in range(3)]
    assert update_with_match(ward, patients) == Updates(3, 3, 3, 0)
    assert update_blindly(ward, patients) == Updates(3, 3, 3, 0)
    assert update_with_stale_match(ward, patients) == Updates(3, 3, 3, 0)
    assert update_at_once(ward, patients[0], 5) == 5


def test_a_sound_ward_refuses_them(hospital: ClientOf) -> None:
    ward = hospital()
    patients = [fresh_patient(ward) for _ in range(3)]
    assert update_with_match(ward, patients).stored == 3
    assert update_blindly(ward, patients) == Updates(3, 0, 0, 0)
    assert update_with_stale_match(ward, patients) == Updates(3, 0, 0, 0)
    assert update_at_once(ward, patients[0], 5) == 1


def test_an_answer_that_says_nothing_is_undecided(hospital: ClientOf) -> None:
    ward = hospital("rate limit")
    patients = [fresh_patient(ward)]
    assert update_blindly(ward, patients) == Updates(1, 0, 0, 1)
