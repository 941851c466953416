"""Two callers must never get the same slot, however close together they ask."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import fresh_patient, fresh_slots
from codeblue.checks.races import book_at_once, book_in_turn

CALLERS, SLOTS, SLOTS_IN_TURN = 20, 30, 5


@pytest.mark.check(
    id="double-booking",
    risk="load",
    examines=["concurrency_control"],
    title="A slot is booked once, however many callers want it",
)
def test_a_slot_is_booked_once(check: Check, client: Callable[..., httpx.Client]) -> None:
    """Twenty callers ask for each of thirty fresh slots at the same moment."""
    desk = client()
    with check.control():
        callers = [fresh_patient(desk) for _ in range(CALLERS)]
        in_turn = book_in_turn(desk, fresh_slots(desk, SLOTS_IN_TURN), callers[:3])
        assert in_turn.booked == in_turn.contended == SLOTS_IN_TURN, f"in turn: {in_turn}"
        assert in_turn.double == in_turn.vanished == 0, f"in turn: {in_turn}"
    with check.stressor():
        at_once = book_at_once(desk, fresh_slots(desk, SLOTS), callers)
    if at_once.contended < SLOTS / 2:
        check.inconclusive(f"callers met at only {at_once.contended} of {SLOTS} slots")
    check.judge(
        broke=at_once.double > 0 or at_once.vanished > 0,
        measured=(
            f"{at_once.double} of {SLOTS} slots booked more than once by {CALLERS} callers each, "
            f"{at_once.vanished} acknowledged bookings missing"
        ),
        threshold="0 slots with more than one booking, 0 acknowledged bookings missing",
        evidence={"slots contended": at_once.contended, "slots booked": at_once.booked},
    )
