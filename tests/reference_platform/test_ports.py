from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.ports import PortTakenError, accepts, assign, taken


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        yield server.getsockname()[1]


def test_a_listening_port_is_taken_and_accepts(listener: int) -> None:
    assert taken(listener)
    assert accepts(listener)


def test_a_taken_port_is_named_with_its_variable(listener: int) -> None:
    with pytest.raises(PortTakenError, match=f"PLATFORM_HUB_PORT: port {listener} is already"):
        assign({"PLATFORM_GATEWAY_PORT": 0, "PLATFORM_HUB_PORT": listener})


def test_one_port_for_two_variables_is_refused() -> None:
    port = assign({"A": 0})["A"]
    with pytest.raises(PortTakenError, match=str(port)):
        assign({"A": port, "B": port})


@given(st.integers(min_value=1, max_value=9))
def test_drawn_ports_are_free_and_different(count: int) -> None:
    ports = assign(dict.fromkeys(map(str, range(count)), 0))
    assert len(set(ports.values())) == count
    assert not any(accepts(port) for port in ports.values())
