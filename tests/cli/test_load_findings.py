from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.checks.history import HistoryResult
from codeblue.checks.ledger import LedgerResult
from codeblue.cli.load.findings import Findings, judge
from codeblue.cli.load.kept import Kept
from codeblue.journal import Journal, RunDirectory
from codeblue.load import JourneyResult, LoadPlan, LoadResult
from codeblue.load.objectives import Measured
from codeblue.load.planning.plan import Stream
from codeblue.load.recovery import Recovery
from codeblue.verdict import Verdict

PLAN = LoadPlan(label="calm", journeys={"note": Stream(rate=10)}, seconds=10)
BACK = Recovery(limit=0.1, before=1.0, seconds=2.0, watched=12.0, promised=10.0)
LATE = Recovery(limit=0.1, before=1.0, seconds=None, watched=12.0, promised=10.0)
NO_CALM = Recovery(limit=0.1, before=0.5, seconds=None, watched=12.0, promised=10.0)


def ledger(*, lost: int = 0, unknown: int = 0) -> LedgerResult:
    counts = {"acknowledged": 90, "kept": 90 - lost - unknown, "stale": 0, "duplicated": 0}
    return LedgerResult(**counts, lost=lost, leaked=0, unknown=unknown, examples={})


def findings(
    *,
    met: bool = True,
    lost: int = 0,
    unread: int = 0,
    reason: str = "",
    recovery: Recovery | None = None,
    interrupted: bool = False,
) -> Findings:
    journey = JourneyResult(100, 100, 0, 0, 0, 100, 1.0, 2.0, 3.0, 1.0, 2.0, 1.0)
    result = LoadResult("calm", 0.0, 9.5, 1, {"note": journey}, 1.0, 200.0, reason)
    return Findings(
        plan=PLAN,
        result=result,
        promises=[Measured("calm", "note", "p99", 2.0, 3.0, "ms", met)],
        kept=Kept({"calm": ledger(lost=lost, unknown=unread)}, {"calm": no_histories()}),
        recovery=recovery,
        interrupted=interrupted,
    )


def no_histories() -> HistoryResult:
    return HistoryResult(objects=0, operations=0, anomalies=0, undecided=0, examples={})


def judged(found: Findings) -> Check:
    with TemporaryDirectory() as folder:
        run = RunDirectory.create(Path(folder), "test")
        check = Check(CheckMeta("load-calm", "Calm", "load"), Journal(run))
        with check.control():
            pass
        with suppress(CheckBroke, Inconclusive):
            judge(check, found)
    return check


def test_a_good_load_passes_and_says_what_it_measured() -> None:
    check = judged(findings(recovery=BACK))
    assert check.verdict is Verdict.PASS
    assert check.measured == (
        "100 arrivals: 100 ok, 0 failed, 0 dropped, 0 unanswered at the end; 1 of 1 objectives "
        "met; back to its baseline 2.0 s after the spike; of 90 acknowledged writes 0 lost, "
        "0 stale, 0 duplicated, 0 leaked; 0 of 0 histories without a serial order"
    )
    assert "back to the baseline within 10 s" in check.threshold


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (findings(reason="the generator itself was late"), "the generator itself was late"),
        (findings(unread=3), "3 acknowledged writes could not be read back"),
        (findings(interrupted=True), "interrupted after 9.5 of 10 s"),
        (findings(recovery=NO_CALM), "only 50% were served before the spike"),
    ],
)
def test_what_says_nothing_is_inconclusive(found: Findings, reason: str) -> None:
    check = judged(found)
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.reason.startswith(reason)


def test_an_objective_that_was_missed_is_named() -> None:
    check = judged(findings(met=False))
    assert check.verdict is Verdict.FAIL
    assert check.evidence["missed"] == ["note: p99 3 ms, not 2"]


@given(
    met=st.booleans(),
    lost=st.sampled_from([0, 1]),
    unread=st.sampled_from([0, 1]),
    reason=st.sampled_from(["", "late"]),
    recovery=st.sampled_from([None, BACK, LATE, NO_CALM]),
    interrupted=st.booleans(),
)
def test_a_lost_write_counts_always_and_the_rest_after_a_fair_load_only(
    *,
    met: bool,
    lost: int,
    unread: int,
    reason: str,
    recovery: Recovery | None,
    interrupted: bool,
) -> None:
    check = judged(
        findings(
            met=met,
            lost=lost,
            unread=unread,
            reason=reason,
            recovery=recovery,
            interrupted=interrupted,
        )
    )
    if lost:
        expected = Verdict.FAIL
    elif unread or reason or interrupted or recovery is NO_CALM:
        expected = Verdict.INCONCLUSIVE
    else:
        expected = Verdict.PASS if met and recovery is not LATE else Verdict.FAIL
    assert check.verdict is expected
