from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from codeblue.cli.load.interruption import Interruption

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    before = {number: signal.getsignal(number) for number in BOTH}
    yield Interruption()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", BOTH)
def test_while_a_load_is_watched_the_first_is_noted_and_the_second_ends(
    interruption: Interruption, number: int
) -> None:
    with interruption.watched():
        assert not interruption.asked
        signal.raise_signal(number)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


@pytest.mark.parametrize("number", BOTH)
def test_when_nobody_watches_the_first_ends(interruption: Interruption, number: int) -> None:
    with interruption.watched():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    assert interruption.asked


def test_after_a_load_was_ended_the_next_one_ends_everything(interruption: Interruption) -> None:
    with interruption.watched():
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
