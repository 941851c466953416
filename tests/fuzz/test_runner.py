from __future__ import annotations

from collections.abc import Callable

import pytest

from codeblue.errors import TargetError
from codeblue.fuzz import fuzz
from codeblue.session import Session

SessionAt = Callable[[str], Session]


@pytest.mark.slow
def test_findings_come_back_from_the_child_process(
    api: Callable[..., str], session_at: SessionAt
) -> None:
    result = fuzz(session_at(api("crash", "schema")), seconds=20)
    assert [finding.kind for finding in result.findings] == ["response schema", "server error"]
    assert result.conclusive


@pytest.mark.slow
def test_what_went_wrong_in_the_child_is_said(session_at: SessionAt) -> None:
    with pytest.raises(TargetError, match=r"fuzzing: http://127\.0\.0\.1:9/openapi\.json: no Open"):
        fuzz(session_at("http://127.0.0.1:9"), seconds=1)
