from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.checks.ledger import LedgerResult
from codeblue.cli.load.kept import Kept
from codeblue.cli.load.searching import NO_FAULT, Searched, judge
from codeblue.journal import Journal, RunDirectory
from codeblue.load.breakpoint import Breakpoint, Search
from codeblue.verdict import Verdict

FOUND = Breakpoint(held=40.0, broke=44.0, limit="platform", complete=True, trials=())
NOWHERE = Breakpoint(held=None, broke=10.0, limit="platform", complete=True, trials=())
NO_MORE = Breakpoint(held=40.0, broke=None, limit="generator", complete=True, trials=())
UNSEEN = Breakpoint(held=None, broke=None, limit="generator", complete=True, trials=())
UNSURE = Breakpoint(held=40.0, broke=44.0, limit="platform", complete=False, trials=())
ANY = st.sampled_from([FOUND, NOWHERE, NO_MORE, UNSEEN, UNSURE])
LOST, KEPT = (
    Kept({"limits-1": LedgerResult(9, 9 - lost, lost, 0, 0, 0, 0, {})}, {}) for lost in (1, 0)
)


def judged(found: Searched) -> Check:
    with TemporaryDirectory() as folder:
        check = Check(
            CheckMeta("load-limits", "Limits", "load"),
            Journal(RunDirectory.create(Path(folder), "test")),
        )
        with check.control():
            pass
        with suppress(CheckBroke, Inconclusive):
            judge(check, found)
    return check


@given(free=ANY, broken=ANY, kept=st.sampled_from([LOST, KEPT]), interrupted=st.booleans())
def test_the_objectives_have_to_be_met_somewhere_under_every_condition(
    *, free: Breakpoint, broken: Breakpoint, kept: Kept, interrupted: bool
) -> None:
    both = {NO_FAULT: free, "under hang on hub-insurer": broken}
    check = judged(Searched(Search(start=20), both, kept, 9, interrupted))
    if kept is LOST:
        expected = Verdict.FAIL
    elif interrupted or {UNSEEN, UNSURE} & {free, broken}:
        expected = Verdict.INCONCLUSIVE
    else:
        expected = Verdict.FAIL if NOWHERE in (free, broken) else Verdict.PASS
    assert check.verdict is expected


def test_what_was_found_is_said_with_its_condition() -> None:
    check = judged(Searched(Search(start=20), {NO_FAULT: FOUND}, KEPT, 9, interrupted=False))
    assert check.measured.startswith(
        "without a fault: the objectives are met at 40 arrivals/s, and not at 44/s; of 9 "
        "acknowledged writes 0 lost"
    )
    assert check.threshold.startswith("the objectives are met at 1 arrivals/s or more; ")
