from __future__ import annotations

import pytest

from codeblue.chaos.sentences import said, trouble


@pytest.mark.parametrize(
    ("exception", "sentence"),
    [
        ("chaoslib.exceptions.ActivityFailed: codeblue.errors.UsageError: edge: no", "edge: no"),
        (
            "chaoslib.exceptions.ActivityFailed: ValueError: not a duration: '5'",
            "not a duration: '5'",
        ),
        ("chaoslib.exceptions.ActivityFailed: control: only 3 of 20", "control: only 3 of 20"),
        ("control: only 3 of 20\n", "control: only 3 of 20"),
    ],
)
def test_a_failure_is_told_without_the_names_of_exceptions(exception: str, sentence: str) -> None:
    assert trouble({"exception": ["Traceback", exception]}) == sentence
    assert said({"status": "failed", "exception": [exception]}) == f"failed: {sentence}"


def test_a_result_speaks_for_itself_where_it_can() -> None:
    assert said({"status": "succeeded", "output": {"measured": "0 hung"}}) == "0 hung"
    assert said({"status": "succeeded", "output": 200}) == "200"
    assert said(None) == "interrupted"
