"""The client of a legacy feed, against a receiver on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from codeblue.load.journeys import feed
from codeblue.load.journeys.feed import MessageRefusedError, MllpClient
from codeblue.mllp import MllpError

from .receiver import Receiver, accepted


class User:
    """As much of a Locust user as a client needs."""

    def __init__(self) -> None:
        self.environment = self
        self.events = self
        self.request = self
        self.fired: list[dict[str, Any]] = []
        self.contexts = 0

    def fire(self, **meta: Any) -> None:
        self.fired.append(meta)

    def context(self) -> dict[str, Any]:
        self.contexts += 1
        return {"number": self.contexts}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def message(control_id: str) -> str:
    return f"MSH|^~\\&|A|B|C|D|20310303080000||ADT^A01^ADT_A01|{control_id}|T|2.5.1\rEVN|A01|2031\r"


def send(client: MllpClient, control_id: str) -> str | None:
    """Send one message; its acknowledgement code."""
    with client.send("ADT^A01", message(control_id)) as answer:
        return answer.code if answer else None


def test_a_message_is_one_request_that_counts_when_the_block_is_left(receiver: Receiver) -> None:
    user = User()
    client = MllpClient(user, receiver.address)
    with client.send("ADT^A01", message("m1")) as answer:
        assert answer is not None
        assert answer.control_id == "m1"
        assert not user.fired
    (fired,) = user.fired
    assert (fired["request_type"], fired["name"]) == ("MLLP", "ADT^A01")
    assert (fired["exception"], fired["response"]) == (None, None)
    assert fired["context"] == {"number": 1}
    assert fired["response_time"] > 0
    assert fired["response_length"] == len(answer.text)
    assert fired["url"] == f"mllp://{receiver.address}"


def test_a_feed_keeps_its_connection(receiver: Receiver) -> None:
    client = MllpClient(User(), receiver.address)
    assert [send(client, f"m{n}") for n in range(3)] == ["AA"] * 3
    assert receiver.connections == 1


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_a_message_that_is_not_taken_is_a_failure_and_the_feed_goes_on(
    receiver: Receiver, code: str
) -> None:
    user = User()
    client = MllpClient(user, receiver.address)
    receiver.answer = lambda text: accepted(text, code)
    assert send(client, "m1") is None
    receiver.answer = accepted
    assert send(client, "m2") == "AA"
    assert isinstance(user.fired[0]["exception"], MessageRefusedError)
    assert code in str(user.fired[0]["exception"])
    assert user.fired[1]["exception"] is None
    assert receiver.connections == 1


def test_an_answer_to_another_message_is_none(receiver: Receiver) -> None:
    user = User()
    receiver.answer = lambda _: accepted(message("another"))
    assert send(MllpClient(user, receiver.address), "m1") is None
    assert "another" in str(user.fired[0]["exception"])


def test_after_a_lost_answer_the_next_message_goes_over_a_new_connection(
    receiver: Receiver,
) -> None:
    user = User()
    client = MllpClient(user, receiver.address)
    receiver.answer = lambda _: None
    assert send(client, "m1") is None
    receiver.answer = accepted
    assert send(client, "m2") == "AA"
    assert isinstance(user.fired[0]["exception"], MllpError)
    assert receiver.connections == 2


def test_who_does_not_answer_in_time_has_failed(receiver: Receiver) -> None:
    user = User()
    silent = threading.Event()
    receiver.answer = lambda text: accepted(text) if silent.wait(5) else None
    assert send(MllpClient(user, receiver.address, timeout=0.1), "m1") is None
    assert isinstance(user.fired[0]["exception"], TimeoutError)
    silent.set()


def test_who_cannot_be_reached_has_failed() -> None:
    user = User()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert send(MllpClient(user, f"127.0.0.1:{port}"), "m1") is None
    assert isinstance(user.fired[0]["exception"], ConnectionRefusedError)


def test_a_connection_that_was_idle_is_not_relied_on(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_FRESH", 0.0)
    client = MllpClient(User(), receiver.address)
    assert [send(client, "m1"), send(client, "m2")] == ["AA", "AA"]
    assert receiver.connections == 2
