from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from codeblue.chaos.guards import Asking, Breach, Guard, require_valid
from codeblue.chaos.watch import Watch
from codeblue.errors import UsageError

ASKING = Asking({}, {})
GUARD = 20.0


class Meter:
    """What the probe of these tests does; tests change it."""

    value: Any = True
    error: Exception | None = None
    closed = threading.Event()
    asked = 0


def probe(limit: int = 0, configuration: Any = None) -> Any:
    Meter.asked += 1
    if Meter.closed.is_set():
        threading.Event().wait(GUARD)
    if Meter.error is not None:
        raise Meter.error
    return Meter.value


def judge(value: Any = None, least: int = 0) -> bool:
    return value is not None and value >= least


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    Meter.value, Meter.error, Meter.asked = True, None, 0
    Meter.closed = threading.Event()


def guard(**changes: Any) -> Guard:
    provider = {"type": "python", "module": __name__, "func": "probe"}
    fields = {"name": "meter", "provider": provider, "tolerance": True, "every": "50ms", **changes}
    return Guard(**fields)


class Alarm:
    """Keeps the breach that the watch raised, and when."""

    def __init__(self) -> None:
        self.breaches: list[Breach] = []
        self.raised = threading.Event()

    def __call__(self, breach: Breach) -> None:
        self.breaches.append(breach)
        self.raised.set()


@pytest.fixture
def alarm() -> Alarm:
    return Alarm()


@pytest.fixture
def watch(alarm: Alarm) -> Iterator[Watch]:
    kept = Watch([guard()], ASKING, alarm)
    kept.start()
    yield kept
    kept.end()
    kept.join()


def test_a_guard_within_its_tolerance_is_asked_again_and_again(watch: Watch, alarm: Alarm) -> None:
    deadline = time.monotonic() + GUARD
    while Meter.asked < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not alarm.breaches


def test_the_first_breach_raises_the_alarm_once(watch: Watch, alarm: Alarm) -> None:
    Meter.value = False
    assert alarm.raised.wait(GUARD)
    watch.join()
    assert alarm.breaches == [Breach("meter", "False")]


def test_a_guard_that_raises_is_blind(watch: Watch, alarm: Alarm) -> None:
    Meter.error = ValueError("no meter")
    assert alarm.raised.wait(GUARD)
    assert alarm.breaches == [Breach("meter", "no meter", blind=True)]
    assert alarm.breaches[0].sentence == "guard meter: blind: no meter"


def test_a_guard_that_hangs_is_blind_after_three_intervals(watch: Watch, alarm: Alarm) -> None:
    time.sleep(0.1)
    closed = time.monotonic()
    Meter.closed.set()
    assert alarm.raised.wait(GUARD)
    assert time.monotonic() - closed > 2 * 0.05, "it had three intervals, and one was running"
    assert alarm.breaches[0].blind
    assert alarm.breaches[0].reason.startswith("no answer for 0.")


def test_one_guard_that_hangs_does_not_blind_another(alarm: Alarm) -> None:
    slow = guard(name="slow", every="10s", provider={**guard().provider, "arguments": {"limit": 1}})
    Meter.closed.set()
    quick = {"type": "python", "module": "codeblue.chaos.tolerances", "func": "at_least"}
    watch = Watch([slow, guard(name="quick", provider=quick)], ASKING, alarm)
    watch.start()
    assert alarm.raised.wait(GUARD)
    watch.end()
    assert alarm.breaches == [Breach("quick", "False")]


def test_after_its_end_nothing_counts(alarm: Alarm) -> None:
    watch = Watch([guard()], ASKING, alarm)
    watch.start()
    watch.end()
    watch.join()
    Meter.value = False
    time.sleep(0.2)
    assert not alarm.breaches


def test_without_guards_there_is_nothing_to_wait_for(alarm: Alarm) -> None:
    watch = Watch([], ASKING, alarm)
    assert watch.look() is None
    watch.start()
    watch.end()
    watch.join()


def test_a_look_finds_what_is_breached_already(alarm: Alarm) -> None:
    watch = Watch([guard()], ASKING, alarm)
    assert watch.look() is None
    Meter.value = False
    assert watch.look() == Breach("meter", "False")
    assert not alarm.breaches


def test_a_tolerance_may_be_a_probe_without_arguments_and_a_range() -> None:
    Meter.value = 3
    provider = {"type": "python", "module": __name__, "func": "judge"}
    assert ASKING.ask(guard(tolerance={"type": "probe", "provider": provider})) is None
    assert ASKING.ask(guard(tolerance={"type": "range", "range": [1, 2]})) == Breach("meter", "3")


def test_asking_leaves_the_guard_as_it_was() -> None:
    provider = {"type": "python", "module": __name__, "func": "judge", "arguments": {"least": 1}}
    one = guard(tolerance={"type": "probe", "name": "t", "provider": provider})
    before = one.model_dump()
    ASKING.ask(one)
    assert one.model_dump() == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"provider": {"type": "python", "module": "nowhere", "func": "f"}}, "nowhere"),
        ({"provider": {"type": "carrier pigeon"}}, "unknown provider type"),
        ({"tolerance": None}, "tolerance must"),
        ({"tolerance": {"type": "range"}}, "range"),
    ],
)
def test_what_chaos_toolkit_would_refuse_is_refused_in_words(
    changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError, match=f"guard meter: .*{sentence}"):
        require_valid((guard(**changes),))
