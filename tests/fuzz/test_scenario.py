"""The scenario ``api-fuzz`` against a correct API, a broken one, and one that lets nobody in."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.check import CheckBroke, CheckMeta, Inconclusive
from codeblue.session import Session
from codeblue.verdict import Verdict
from codeblue.workspace import find, load_module

SCENARIO = load_module(find("scenarios/api/test_fuzz.py"))
META = CheckMeta(id="api-fuzz", title="No input makes the API fall over", risk="data quality")
SessionAt = Callable[[str], Session]


def run_scenario(session: Session, check: Check) -> None:
    def client(tenant: str) -> httpx.Client:
        return httpx.Client(base_url=session.base_url, headers=session.headers(tenant))

    SCENARIO.test_no_input_makes_the_api_fall_over(check, session, client)


@pytest.mark.slow
def test_a_correct_api_passes(api: Callable[..., str], session_at: SessionAt) -> None:
    session = session_at(api())
    check = Check(META, session.journal)
    run_scenario(session, check)
    assert check.verdict is Verdict.PASS
    assert check.measured.startswith("no finding in ")


@pytest.mark.slow
def test_a_broken_api_fails(api: Callable[..., str], session_at: SessionAt) -> None:
    session = session_at(api("crash"))
    check = Check(META, session.journal)
    with pytest.raises(CheckBroke, match="1 x server error"):
        run_scenario(session, check)
    assert check.evidence["findings"][0]["operation"] == "POST /orders"


@pytest.mark.slow
def test_an_answer_against_the_contract_is_listed_and_not_judged(
    api: Callable[..., str], session_at: SessionAt
) -> None:
    session = session_at(api("schema"))
    check = Check(META, session.journal)
    run_scenario(session, check)
    assert check.verdict is Verdict.PASS
    [finding] = check.evidence["against the contract"]
    assert finding["operation"] == "GET /fhir/Patient/{patient}"


def test_a_platform_that_lets_nobody_in_is_inconclusive(
    api: Callable[..., str], session_at: SessionAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_at(api())
    monkeypatch.setenv("SAMPLE_TOKEN", "wrong")
    check = Check(META, session.journal)
    with pytest.raises(Inconclusive, match="401 Unauthorized"):
        run_scenario(session, check)
    assert check.verdict is Verdict.INCONCLUSIVE
