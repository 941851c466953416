"""The MLLP sender against a real socket: framing, split frames, and receivers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from codeblue.mllp import MllpConnection, MllpError

Receiver = Callable[[list[bytes]], int]
ACK = b"\x0bMSH|^~\\&|HUB\rMSA|%s|%s\r\x1c\r"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Starts a receiver that answers each frame with the next chunk list entry; gives its port."""
    listeners: list[socket.socket] = []
    received: list[bytes] = []

    def start(answers: list[bytes]) -> int:
        listeners.append(listener := socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=_serve, args=(listener, answers, received), daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def _serve(listener: socket.socket, answers: list[bytes], received: list[bytes]) -> None:
    connection, _ = listener.accept()
    with connection:
        for answer in answers:
            frame = b""
            while not frame.endswith(b"\x1c\r"):
                frame += connection.recv(4096)
            received.append(frame)
            for byte in answer:
                connection.sendall(bytes([byte]))


def test_answers_are_read_one_frame_at_a_time(receiver: Receiver) -> None:
    port = receiver([ACK % (b"AA", b"1"), ACK % (b"AE", b"2")])
    with MllpConnection("127.0.0.1", port) as connection:
        first, second = connection.send("MSH|1\r"), connection.send("MSH|2\r")
    assert (first.code, first.control_id) == ("AA", "1")
    assert (second.code, second.control_id) == ("AE", "2")


def test_a_receiver_that_hangs_up_is_an_error(receiver: Receiver) -> None:
    with (
        MllpConnection("127.0.0.1", receiver([b""])) as connection,
        pytest.raises(MllpError, match="closed the connection before it answered"),
    ):
        connection.send("MSH|1\r")


def test_an_answer_without_msa_is_an_error(receiver: Receiver) -> None:
    port = receiver([b"\x0bMSH|^~\\&|HUB\r\x1c\r"])
    with (
        MllpConnection("127.0.0.1", port) as connection,
        pytest.raises(MllpError, match="no MSA segment"),
    ):
        connection.send("MSH|1\r")


def test_a_receiver_that_never_answers_times_out() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        MllpConnection("127.0.0.1", listener.getsockname()[1], timeout=0.2) as connection,
        pytest.raises(TimeoutError),
    ):
        connection.send("MSH|1\r")
