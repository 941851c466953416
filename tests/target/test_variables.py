from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.target.duration import seconds
from codeblue.target.variables import Variables, free_port


def test_a_port_is_drawn_once_by_name_and_no_two_names_share_one() -> None:
    variables = Variables()
    ports = [variables.port(f"p{n}") for n in range(50)]
    assert len(set(ports)) == 50
    assert variables.port("p7") == ports[7]


def test_a_port_in_use_is_not_drawn() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        port = taken.getsockname()[1]
        assert all(free_port() != port for _ in range(50))


def test_a_port_that_another_session_was_promised_is_not_drawn() -> None:
    promised = [free_port() for _ in range(3)]
    candidates = [*promised, *range(20_000, 20_200)]
    drawing = (
        "import random; from codeblue.target import variables; "
        f"random.SystemRandom.sample = lambda self, ports, count: {candidates}; "
        "print(variables.free_port())"
    )
    done = subprocess.run(
        [sys.executable, "-c", drawing], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) not in promised


def test_placeholders_are_replaced_everywhere() -> None:
    variables = Variables(profile="pilot", data="d")
    tree = {
        "edges": {"a": {"listen": "127.0.0.1:{port.x}"}},
        "list": ["{edge.a}", "{profile}/{data}", 3, None],
    }
    resolved = variables.resolve(tree)
    assert resolved["list"] == [f"127.0.0.1:{variables.port('x')}", "pilot/d", 3, None]


@pytest.mark.parametrize(("text", "value"), [("300ms", 0.3), ("2s", 2), ("5 m", 300), (1.5, 1.5)])
def test_durations(text: object, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@given(st.text() | st.none() | st.booleans() | st.floats(max_value=-0.001))
def test_nothing_else_is_a_duration(value: object) -> None:
    if isinstance(value, str) and value.strip()[:1].isdigit():
        return
    with pytest.raises(ValueError, match="not a duration"):
        seconds(value)
