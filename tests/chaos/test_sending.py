from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.actions import send
from codeblue.errors import CodeblueError

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

RELEASE: list[dict[str, Any]] = [
    {"method": "POST", "path": "/releases", "body": {"version": "v2"}},
    {"path": "/releases"},
]


def test_requests_are_sent_one_after_the_other(
    session: Session, sent: list[tuple[str, str, str]]
) -> None:
    baseline.forget()
    assert send(RELEASE, role="clinician")["measured"] == "answered 200, 200"
    assert [(method, path) for method, path, _ in sent] == [
        ("POST", "/releases"),
        ("GET", "/releases"),
    ]


def test_an_answer_that_is_not_expected_stops_it(session: Session, platform: SmallPlatform) -> None:
    platform.mode = "error"
    with pytest.raises(CodeblueError, match="POST /releases: status 503 instead of 200, 201"):
        send(RELEASE, role="clinician")
    assert len(platform.seen) == 1
    assert send(RELEASE, expect=[503], role="clinician")["statuses"] == [503, 503]
    platform.mode = "cut"
    with pytest.raises(CodeblueError, match="no answer instead of"):
        send(RELEASE, role="clinician")
