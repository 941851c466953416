"""An allergy that was acknowledged must be on the list: clinicians prescribe by it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.races import append_at_once, append_in_turn

APPENDS, APPENDS_IN_TURN = 50, 10


@pytest.mark.check(
    id="lost-allergy",
    risk="load",
    examines=["concurrency_control"],
    title="Allergies recorded at the same moment are all kept",
)
def test_every_acknowledged_allergy_is_kept(
    check: Check, client: Callable[..., httpx.Client]
) -> None:
    """Fifty allergies are added to one patient's list at the same moment."""
    ward = client()
    codes = [str(300000000 + n) for n in range(APPENDS)]
    with check.control():
        in_turn = append_in_turn(ward, fresh_patient(ward), codes[:APPENDS_IN_TURN])
        assert in_turn.acknowledged == APPENDS_IN_TURN, f"in turn: {in_turn}"
        assert in_turn.lost == 0, f"in turn: {in_turn}"
    with check.stressor():
        at_once = append_at_once(ward, fresh_patient(ward), codes)
    if at_once.acknowledged < APPENDS / 2:
        check.inconclusive(f"only {at_once.acknowledged} of {APPENDS} appends were acknowledged")
    check.judge(
        broke=at_once.lost > 0,
        measured=f"{at_once.lost} of {at_once.acknowledged} acknowledged allergies lost",
        threshold="0 acknowledged allergies lost",
        evidence={"sent at once": APPENDS, "acknowledged": at_once.acknowledged},
    )
