from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.verdict import ExitCode, Verdict, exit_code, outcome, worst

VERDICTS = st.lists(st.sampled_from(Verdict))


def test_merging_keeps_the_worst() -> None:
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE]) is Verdict.INCONCLUSIVE
    assert worst([Verdict.FAIL, Verdict.INCONCLUSIVE]) is Verdict.FAIL
    assert worst([Verdict.PASS, Verdict.NOT_EXERCISED]) is Verdict.NOT_EXERCISED


def test_nothing_is_not_a_pass() -> None:
    assert worst([]) is Verdict.NOT_EXERCISED
    assert exit_code([]) is ExitCode.NOTHING_RAN
    assert exit_code([Verdict.NOT_EXERCISED, Verdict.ATTESTED]) is ExitCode.NOTHING_RAN


@given(VERDICTS, VERDICTS)
def test_merging_groups_is_merging_everything(left: list[Verdict], right: list[Verdict]) -> None:
    if left and right:
        assert worst([worst(left), worst(right)]) is worst(left + right)


@given(VERDICTS)
def test_a_run_holds_only_when_something_passed_and_nothing_else_went_wrong(
    verdicts: list[Verdict],
) -> None:
    held = exit_code(verdicts) is ExitCode.HELD
    wrong = {Verdict.FAIL, Verdict.INCONCLUSIVE} & set(verdicts)
    assert held == (Verdict.PASS in verdicts and not wrong)


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_has_one_of_three_words(code: ExitCode) -> None:
    assert outcome(code) in {"held", "broke", "inconclusive"}
    assert (outcome(code) == "held") == (code == 0)
