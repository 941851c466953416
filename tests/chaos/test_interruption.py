from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

import pytest
from chaoslib.exceptions import InterruptExecution

from codeblue.chaos.interruption import Interruption

GUARD = 20.0
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1]


class ToolkitStoppedError(Exception):
    """What the handlers that were there before raise."""


def toolkit(number: int, frame: FrameType | None) -> None:
    raise ToolkitStoppedError


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    before = {number: signal.signal(number, toolkit) for number in SIGNALS}
    kept = Interruption()
    kept.begin()
    yield kept
    kept.end()
    assert {signal.getsignal(number) for number in SIGNALS} == {toolkit}
    for number, handler in before.items():
        signal.signal(number, handler)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)


@pytest.mark.parametrize("number", SIGNALS)
def test_while_an_activity_is_under_way_a_signal_is_obeyed_at_once(
    interruption: Interruption, number: signal.Signals
) -> None:
    interruption.open()
    with pytest.raises(SystemExit) as stopped:
        send(number)
    assert stopped.value.code == 20, "the toolkit's own code for leaving with rollbacks"
    assert interruption.reason == f"{number.name} was received"


@pytest.mark.parametrize("number", SIGNALS)
def test_between_two_steps_a_signal_waits_for_the_next(
    interruption: Interruption, number: signal.Signals
) -> None:
    send(number)
    with pytest.raises(InterruptExecution, match=f"{number.name} was received"):
        interruption.obey()


def test_nobody_asked_and_nothing_stops(interruption: Interruption) -> None:
    interruption.open()
    interruption.obey()
    with interruption.postponed():
        pass


def test_a_thread_interrupts_what_the_main_thread_does(interruption: Interruption) -> None:
    interruption.request("guard meter: 3")
    interruption.open()
    timer = threading.Timer(0.2, interruption.interrupt)
    timer.start()
    began = time.monotonic()
    with pytest.raises(SystemExit):
        time.sleep(GUARD)
    assert time.monotonic() - began < GUARD / 2
    assert interruption.reason == "guard meter: 3", "the first reason counts"


def test_a_thread_interrupts_nothing_between_two_steps(interruption: Interruption) -> None:
    interruption.request("guard meter: 3")
    interruption.interrupt()
    time.sleep(0.05)
    with pytest.raises(InterruptExecution):
        interruption.obey()


def test_a_signal_in_a_postponed_block_is_obeyed_at_its_end(interruption: Interruption) -> None:
    done: list[str] = []

    def inject() -> None:
        with interruption.postponed():
            with interruption.postponed():
                send(signal.SIGTERM)
                done.append("inner")
            done.append("outer")

    interruption.open()
    with pytest.raises(SystemExit):
        inject()
    assert done == ["inner", "outer"]


def test_another_thread_has_nothing_to_postpone(interruption: Interruption) -> None:
    done: list[bool] = []

    def work() -> None:
        with interruption.postponed():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_takes_a_second_signal_to_cut_rollbacks_short(
    interruption: Interruption, number: signal.Signals
) -> None:
    interruption.protect_rollbacks()
    send(number)
    interruption.obey()
    with pytest.raises(ToolkitStoppedError):
        send(number)


def test_a_late_guard_never_cuts_rollbacks_short(interruption: Interruption) -> None:
    interruption.protect_rollbacks()
    for _ in range(3):
        send(signal.SIGUSR1)


def test_a_request_that_got_lost_is_repeated(
    interruption: Interruption, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codeblue.chaos.interruption._AGAIN_SECONDS", 0.1)
    interruption.open()
    with pytest.raises(SystemExit):
        send(signal.SIGTERM)  # as if a callback of a weak reference had swallowed it
    with pytest.raises(SystemExit):
        time.sleep(GUARD)
    interruption.close()
    time.sleep(0.3)


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    kept = Interruption()
    try:
        kept.begin()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        kept.end()
    finally:
        signal.signal(signal.SIGINT, before)
