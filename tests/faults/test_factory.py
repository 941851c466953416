"""Faults by name."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.faults import FAULTS, Hang, Latency, make, place_kind

REQUIRED = {
    "bandwidth": {"kbps": 800},
    "corrupt": {"rate": 1},
    "latency": {"ms": 5},
    "loss": {"percent": 5},
    "slow-close": {"ms": 5},
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_can_be_made_again_from_what_is_written_of_it(name: str) -> None:
    fault = make(name, "e", **REQUIRED.get(name, {}))
    written = json.loads(json.dumps(fault.attributes))
    assert fault.type == name
    assert make(fault.type, fault.place, **written) == fault


def test_a_word_is_one_that_the_fault_knows() -> None:
    assert make("bandwidth", "e", kbps=8, per="edge").attributes["per"] == "edge"
    with pytest.raises(UsageError, match=r"per is 'eddge'. Give one of"):
        make("bandwidth", "e", kbps=8, per="eddge")


def test_a_place_is_of_the_kind_that_the_fault_breaks() -> None:
    assert place_kind("hang") == "edge"
    assert place_kind("stop") == "process"
    with pytest.raises(UsageError, match='Did you mean "stop"'):
        place_kind("stopp")


def test_every_type_is_made_by_its_name() -> None:
    assert make("hang", "e") == Hang("e")
    assert make("latency", "e", ms=5) == Latency("e", ms=5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"type": "hanging"}, 'Did you mean "hang"?'),
        ({"type": "meteorite"}, "Known: bandwidth, blackhole, "),
        ({"type": "latency", "mss": 1}, 'Did you mean "ms"?'),
        ({"type": "latency"}, "ms is missing"),
        ({"type": "latency", "ms": "100"}, "ms is '100'. Give a whole number"),
        ({"type": "latency", "ms": -1}, "ms is -1"),
        ({"type": "latency", "ms": True}, "ms is True"),
    ],
)
def test_a_mistake_is_answered_with_what_to_do(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        make(place="e", **arguments)
    assert sentence in str(caught.value)


@given(
    st.text(),
    st.dictionaries(st.text().filter(lambda key: key not in ("place", "type")), st.integers()),
)
def test_nothing_but_a_usage_error_is_raised(name: str, arguments: dict[str, int]) -> None:
    with contextlib.suppress(UsageError):
        assert make(name, "e", **arguments).type == name
