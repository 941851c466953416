from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.burst import Answer, Workload
from codeblue.chaos.probes import Measure, unanswered
from codeblue.chaos.tolerances import at_most, none_hung
from codeblue.errors import CodeblueError, UsageError

if TYPE_CHECKING:
    from codeblue.session import Session

    from ..conftest import SmallPlatform

CHART = [{"path": "/chart/{patient}"}]


def hasty() -> Measure:
    return unanswered(CHART, count=4, deadline="200ms", patience="500ms", over="100ms")


def patient(*, felt: bool = True) -> Measure:
    return unanswered(CHART, count=4, deadline="2s", patience="5s", felt=felt)


@pytest.fixture(autouse=True)
def _fresh(session: Session) -> None:
    baseline.forget()


def test_requests_that_never_end_are_counted_as_hung(platform: SmallPlatform) -> None:
    assert none_hung(hasty())
    platform.mode = "hang"
    measure = hasty()
    assert (measure["hung"], measure["answered"], measure["statuses"]) == (4, 0, {"hung": 4})
    assert measure["measured"] == "4 of 4 requests still without an answer after 0.5 s"
    assert not none_hung(measure)


def test_an_error_in_time_is_an_end(platform: SmallPlatform) -> None:
    hasty()
    platform.mode = "error"
    measure = hasty()
    assert none_hung(measure)
    assert measure["measured"] == (
        "0 of 4 requests still without an answer after 0.5 s (answers 503: 4)"
    )


def test_late_answers_are_counted_apart(platform: SmallPlatform) -> None:
    hasty()
    platform.mode = "slow"
    measure = hasty()
    assert (measure["hung"], measure["overdue"]) == (0, 4)
    assert "4 answered later than 0.24 s" in measure["measured"]


def test_a_workload_that_fails_without_the_fault_proves_nothing(platform: SmallPlatform) -> None:
    platform.mode = "error"
    with pytest.raises(CodeblueError, match="only 0 of 4 requests succeed without the fault"):
        hasty()


def test_a_fault_that_nobody_felt_proves_nothing() -> None:
    patient()
    key = next(iter(baseline._values))
    baseline.remember(key, 1.0)
    with pytest.raises(CodeblueError, match="the fault was not felt"):
        patient()
    assert patient(felt=False)["hung"] == 0


def test_impatience_is_refused() -> None:
    with pytest.raises(UsageError, match=r"patience: 1 s is less than 2.5 deadlines"):
        unanswered(CHART, deadline="2s", patience="1s")


def answered(monkeypatch: pytest.MonkeyPatch, *bursts: list[int]) -> None:
    """The next bursts of requests are answered with these statuses."""
    left = iter(bursts)
    monkeypatch.setattr(Workload, "send", lambda *_: [Answer(status, 0.1) for status in next(left)])


def test_what_nobody_thought_of_is_counted_as_crashed(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, [200] * 4, [500, 503, 200, 500])
    assert at_most(patient(), of=["hung", "crashed"])
    measure = patient()
    assert measure["crashed"] == 2
    assert not at_most(measure, of=["hung", "crashed"])


def test_a_control_may_have_met_one_bad_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(monkeypatch, [200, 200, 503, 200], [200] * 4, [503] * 4)
    assert patient()["statuses"] == {"200": 4}
    assert patient()["statuses"] == {"503": 4}
    baseline.forget()
    answered(monkeypatch, [200, 200, 503, 200], [200, 200, 503, 200])
    with pytest.raises(CodeblueError, match="only 3 of 4 requests succeed"):
        patient()
