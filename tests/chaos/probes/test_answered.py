from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.probes import answered

if TYPE_CHECKING:
    from codeblue.session import Session

    from ..conftest import SmallPlatform

CHART = [{"path": "/chart/{patient}"}, {"path": "/other"}]


@pytest.fixture(autouse=True)
def _fresh(session: Session) -> None:
    baseline.forget()


def ask(**changes: Any) -> dict[str, Any]:
    return answered(CHART, **{"last": 4, "within": "2s", **changes})


def test_it_is_the_share_of_the_last_requests(platform: SmallPlatform) -> None:
    assert ask()["answered"] == 1.0
    platform.mode = "error"
    assert [ask()["answered"] for _ in range(5)] == [0.5, 0.3333, 0.25, 0.0, 0.0]
    platform.mode = "ok"
    found = ask()
    assert (found["answered"], found["status"]) == (0.25, 200)
    assert found["measured"].startswith("1 of the last 4 requests were answered, GET /")


def test_the_requests_and_the_patients_take_turns(platform: SmallPlatform) -> None:
    for _ in range(4):
        ask()
    paths = [path for _, path, _ in platform.seen]
    assert paths[1] == paths[3] == "/other"
    assert paths[0] != paths[2]
    assert paths[0].startswith("/chart/p")


@pytest.mark.parametrize(("mode", "ended"), [("hang", "ReadTimeout"), ("cut", "RemoteProtocol")])
def test_no_answer_is_a_finding_and_no_error(
    platform: SmallPlatform, mode: str, ended: str
) -> None:
    platform.mode = mode
    found = ask(within="200ms")
    assert (found["answered"], found["status"]) == (0.0, 0)
    assert ended in found["measured"]


def test_two_guards_do_not_mix(platform: SmallPlatform) -> None:
    platform.mode = "error"
    ask()
    platform.mode = "ok"
    assert ask(last=5)["answered"] == 1.0
