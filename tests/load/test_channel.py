from __future__ import annotations

import socket

import pytest

from codeblue.load.channel import Channel


def test_messages_arrive_in_order_and_whole() -> None:
    ours, theirs = map(Channel, socket.socketpair())
    theirs.send(state="started")
    theirs.send(state="finished", issued={"booking": 3})
    assert ours.receive(1) == {"state": "started"}
    assert ours.receive(1) == {"state": "finished", "issued": {"booking": 3}}


def test_a_peer_that_is_gone_is_heard_and_harmless() -> None:
    ours, theirs = map(Channel, socket.socketpair())
    theirs.close()
    assert ours.receive(1) is None
    ours.send(order="stop")


def test_silence_times_out() -> None:
    ours, _theirs = map(Channel, socket.socketpair())
    with pytest.raises(TimeoutError):
        ours.receive(0.01)
