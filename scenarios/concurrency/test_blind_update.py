"""Who has not seen the current version of a record must not overwrite it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.updates import (
    update_at_once,
    update_blindly,
    update_with_match,
    update_with_stale_match,
)

PATIENTS, WRITERS = 10, 10


@pytest.mark.check(
    id="blind-update",
    risk="load",
    examines=["concurrency_control"],
    title="A record is not overwritten by somebody who has not seen it",
)
def test_blind_and_stale_updates_are_refused(
    check: Check, client: Callable[..., httpx.Client]
) -> None:
    """Updates without, with a stale, and with the same ``If-Match`` at the same moment."""
    ward = client()
    with check.control():
        patients = [fresh_patient(ward) for _ in range(PATIENTS)]
        matched = update_with_match(ward, patients)
        assert matched.stored == PATIENTS, f"updates with the current If-Match: {matched}"
    with check.stressor():
        blind = update_blindly(ward, patients)
        stale = update_with_stale_match(ward, patients)
        winners = [update_at_once(ward, patient, WRITERS) for patient in patients[:3]]
    counts = (blind.accepted, blind.stored, stale.accepted, stale.stored)
    broke = any(counts) or max(winners) > 1
    if not broke and (blind.undecided or stale.undecided):
        check.inconclusive(f"neither accepted nor refused as outdated: {blind}, {stale}")
    check.judge(
        broke=broke,
        measured=(
            f"{blind.accepted} of {blind.sent} updates without If-Match and "
            f"{stale.accepted} of {stale.sent} stale ones accepted, "
            f"{blind.stored + stale.stored} stored; "
            f"of {WRITERS} writers of one version up to {max(winners)} succeeded"
        ),
        threshold="0 accepted, 0 stored; at most 1 writer of a version succeeds",
        evidence={"writers that succeeded": winners},
    )
