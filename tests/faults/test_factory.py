"""Faults by name."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.faults import FAULTS, Hang, Latency, make


def test_every_type_is_made_by_its_name() -> None:
    for name in set(FAULTS) - {"latency"}:
        assert make(name, "e").type == name
    assert make("hang", "e") == Hang("e")
    assert make("latency", "e", ms=5) == Latency("e", ms=5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"type": "hanging"}, 'Did you mean "hang"?'),
        ({"type": "meteorite"}, "Known: drop-answers, hang, latency, refuse, reset."),
        ({"type": "latency", "mss": 1}, 'Did you mean "ms"?'),
        ({"type": "latency"}, "ms is missing"),
        ({"type": "latency", "ms": "100"}, "ms is '100'. Give a whole number"),
        ({"type": "latency", "ms": -1}, "ms is -1"),
        ({"type": "latency", "ms": True}, "ms is True"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        make(edge="e", **arguments)
    assert sentence in str(caught.value)


@given(st.text(), st.dictionaries(st.text().filter(lambda key: key != "edge"), st.integers()))
def test_nothing_but_a_usage_error_is_raised(name: str, arguments: dict[str, int]) -> None:
    arguments.pop("type", None)
    with contextlib.suppress(UsageError):
        assert make(name, "e", **arguments).type == name
