from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.probes import feeding
from codeblue.chaos.probes.feeding import fed
from codeblue.errors import CodeblueError
from codeblue.mllp import Acknowledgement, MllpError

if TYPE_CHECKING:
    from codeblue.checks.feed import Message
    from codeblue.session import Session

EDGE = "platform-store"
Receiver = dict[str, Callable[[], str]]


@pytest.fixture
def receiver(session: Session, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    """Answers every message with the code that its function gives."""
    baseline.forget()
    answers: Receiver = {"code": lambda: "AA"}

    def deliver(messages: Sequence[Message], _host: str, _port: int) -> list[Acknowledgement]:
        code = answers["code"]()
        if not code:
            raise MllpError("hung up")
        return [Acknowledgement(code, "", message.text) for message in messages]

    monkeypatch.setattr(feeding, "deliver", deliver)
    return answers


def test_a_refusal_is_an_answer_and_silence_is_none(receiver: Receiver) -> None:
    assert fed(EDGE, count=4)["success"] == 1.0
    codes = iter(["AA", "AR", "", "AE"])
    receiver["code"] = lambda: next(codes)
    measure = fed(EDGE, count=4)
    assert (measure["success"], measure["accepted"]) == (0.75, 0.25)
    assert measure["measured"] == (
        "3 of 4 messages were acknowledged (AA: 1, AE: 1, AR: 1, none: 1)"
    )


def test_a_feed_that_is_refused_without_the_fault_proves_nothing(receiver: Receiver) -> None:
    receiver["code"] = lambda: "AE"
    with pytest.raises(CodeblueError, match="only 0 of 4 messages are accepted"):
        fed(EDGE, count=4)
