from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reference_platform.decisions import Decisions
from reference_platform.decisions.circuit_breakers import (
    Limits,
    Pilot,
    Production,
    SlidingWindow,
    State,
    Trial,
)
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.dependencies import NotAskedError
from reference_platform.profiles import parse
from reference_platform.services.edge import Edge

LIMITS = Limits(slow=1.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Callable[[], float], limits: Limits = LIMITS) -> SlidingWindow:
    """A breaker whose rest is as long as its limits say."""
    return SlidingWindow("insurer", limits, clock, jitter=lambda low, high: (low + high) / 2)


def make(guard: SlidingWindow, *outcomes: float | None) -> None:
    """Calls one after another: seconds of a good one, None for a failure."""
    for seconds in outcomes:
        trial = guard.admit()
        if seconds is None:
            trial.failed()
        else:
            trial.succeeded(seconds)
        trial.over()


def opened(clock: Clock) -> SlidingWindow:
    guard = breaker(clock)
    make(guard, *[None] * 5)
    assert guard.state is State.OPEN
    return guard


def test_half_of_the_calls_failing_opens_it() -> None:
    guard = breaker(Clock())
    for count in range(1, 101):
        if guard.state is State.OPEN:
            break
        make(guard, None if count % 2 else 0.01)
    assert count <= 10


def test_fewer_than_half_failing_never_do() -> None:
    guard = breaker(Clock())
    make(guard, *[0.01, 0.01, None] * 100)
    assert guard.state is State.CLOSED


def test_answers_that_are_all_slow_open_it() -> None:
    guard = breaker(Clock())
    make(guard, *[0.9] * 100)
    assert guard.state is State.CLOSED
    clock = Clock()
    guard = breaker(clock)
    make(guard, *[1.1] * 5)
    assert guard.state is State.OPEN


def test_some_slow_answers_do_not() -> None:
    guard = breaker(Clock())
    make(guard, *[1.1, 0.1, 1.1] * 50)
    assert guard.state is State.CLOSED


def test_a_busy_edge_that_dies_is_left_alone_within_its_window() -> None:
    clock = Clock()
    guard = breaker(clock)
    for _ in range(500):
        clock.now += 0.02
        make(guard, 0.01)
    died = clock.now
    while guard.state is State.CLOSED:
        clock.now += 0.02
        make(guard, None)
    assert clock.now - died <= LIMITS.window / 2 + 0.1


def test_a_quiet_edge_that_dies_is_left_alone_too() -> None:
    clock = Clock()
    guard = breaker(clock)
    for outcome in [0.01] * 5 + [None] * 3:
        clock.now += 3
        make(guard, outcome)
    assert guard.state is State.OPEN


def test_refused_calls_are_told_when_to_ask_again() -> None:
    clock = Clock()
    guard = opened(clock)
    with pytest.raises(NotAskedError) as refusal:
        guard.admit()
    assert refusal.value.status == 503
    assert refusal.value.headers == {"Retry-After": "2"}


def test_one_probe_goes_alone_then_three_then_it_closes() -> None:
    clock = Clock()
    guard = opened(clock)
    clock.now += LIMITS.rest
    first = guard.admit()
    with pytest.raises(NotAskedError):
        guard.admit()
    first.succeeded(0.1)
    first.over()
    probes = [guard.admit() for _ in range(LIMITS.probes)]
    with pytest.raises(NotAskedError):
        guard.admit()
    for probe in probes:
        probe.succeeded(0.1)
        probe.over()
    assert guard.state is State.CLOSED


@pytest.mark.parametrize("outcome", [None, 1.5])
def test_a_bad_probe_opens_it_again(outcome: float | None) -> None:
    clock = Clock()
    guard = opened(clock)
    clock.now += LIMITS.rest
    make(guard, outcome)
    assert guard.state is State.OPEN
    with pytest.raises(NotAskedError):
        guard.admit()


def test_a_probe_that_never_comes_back_blocks_nobody_for_ever() -> None:
    clock = Clock()
    guard = opened(clock)
    clock.now += LIMITS.rest
    guard.admit()
    clock.now += LIMITS.rest
    make(guard, 0.1, 0.1, 0.1)
    assert guard.state is State.CLOSED


class Model(RuleBasedStateMachine):
    """The breaker against the sentences of its documentation."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.guard = breaker(self.clock)
        self.flying: list[tuple[Trial, State, float]] = []
        self.opened = 0.0

    @rule()
    def call(self) -> None:
        before = self.guard.state
        try:
            trial = self.guard.admit()
        except NotAskedError:
            assert before is not State.CLOSED
            return
        assert before is not State.OPEN or self.clock.now - self.opened >= LIMITS.rest
        self.flying.append((trial, self.guard.state, self.clock.now))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), outcome=st.sampled_from(["good", "good", "slow", "failed", "cancelled"]))
    def end(self, data: st.DataObject, outcome: str) -> None:
        before = self.guard.state
        index = data.draw(st.integers(0, len(self.flying) - 1))
        trial, began, _ = self.flying.pop(index)
        if outcome == "failed":
            trial.failed()
        elif outcome != "cancelled":
            trial.succeeded(2.0 if outcome == "slow" else 0.1)
        trial.over()
        after = self.guard.state
        if after is not before:
            assert outcome != "cancelled"
            assert began is before  # what began in another state says nothing about this one
            assert (after is State.CLOSED) == (outcome == "good" and before is State.HALF_OPEN)
        if after is State.OPEN and before is not State.OPEN:
            self.opened = self.clock.now

    @rule(seconds=st.floats(0.01, 3))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @precondition(lambda self: self.guard.state is not State.CLOSED)
    @rule()
    def a_healthy_dependency_is_found_after_a_rest(self) -> None:
        self.clock.now += LIMITS.rest
        make(self.guard, *[0.1] * LIMITS.proofs)
        assert self.guard.state is State.CLOSED

    @invariant()
    def few_probes_are_in_flight(self) -> None:
        recent = self.clock.now - LIMITS.rest
        probes = [at for _, state, at in self.flying if state is State.HALF_OPEN and at > recent]
        assert len(probes) <= LIMITS.probes


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
test_the_breaker_keeps_its_promises = Model.TestCase


class Partner:
    """A partner that counts its calls, and how many it has at once."""

    def __init__(self) -> None:
        self.well = False
        self.seconds = 0.0
        self.calls = self.at_once = self.most_at_once = 0

    async def __call__(self, _limit: Deadline) -> None:
        self.calls += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
            if not self.well:
                raise ConnectionRefusedError
        finally:
            self.at_once -= 1


async def ask(
    edge: Edge, partner: Callable[[Deadline], Awaitable[None]], count: int
) -> Counter[str]:
    """What came of `count` calls at once."""
    calls = (edge.call(Deadline(None), partner, repeatable=False) for _ in range(count))
    results = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(type(result).__name__ for result in results)


def hub(profile: str) -> Edge:
    return Edge("hub", "insurer", Decisions.choose(parse(profile)))


@pytest.mark.parametrize(("profile", "share"), [("production", 0.02), ("pilot+retry_budget", 1.0)])
def test_a_dead_partner_is_called_by_every_request_in_pilot_only(
    profile: str, share: float
) -> None:
    async def count() -> int:
        edge, partner = hub(profile), Partner()
        for _ in range(500):
            await ask(edge, partner, 1)
        return partner.calls

    assert asyncio.run(count()) <= share * 500
    assert share < 1 or asyncio.run(count()) == 500


def short(edge: Edge) -> Edge:
    """The same edge, with a rest that a test can wait for."""
    edge._breaker = SlidingWindow("insurer", Limits(slow=5, rest=0.1), time.monotonic)
    return edge


def test_a_partner_that_comes_back_is_not_fallen_upon() -> None:
    async def stampede() -> Partner:
        edge, partner = short(hub("production-bulkheads")), Partner()
        await ask(edge, partner, 5)
        partner.well, partner.seconds, partner.most_at_once = True, 0.02, 0
        while edge.state is not State.CLOSED:
            await ask(edge, partner, 50)
            await asyncio.sleep(0.01)
        return partner

    partner = asyncio.run(stampede())
    assert partner.most_at_once <= 3
    assert partner.calls <= 5 + 2 + 2 * 3


def test_a_cancelled_call_counts_neither_way_and_keeps_no_place() -> None:
    async def leave(edge: Edge, partner: Partner) -> None:
        call = asyncio.create_task(ask(edge, partner, 1))
        await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait([call])

    async def story() -> State:
        edge, partner = short(hub("production")), Partner()
        partner.seconds = 60
        for _ in range(10):
            await leave(edge, partner)
        states = [edge.state]
        partner.seconds = 0
        await ask(edge, partner, 5)
        states.append(edge.state)
        await asyncio.sleep(0.15)
        partner.seconds = 60
        await leave(edge, partner)
        states.append(edge.state)
        assert states == [State.CLOSED, State.OPEN, State.HALF_OPEN]
        partner.seconds, partner.well = 0, True
        for _ in range(3):
            assert await ask(edge, partner, 1) == {"NoneType": 1}
        return edge.state

    assert asyncio.run(story()) is State.CLOSED


def test_pilot_has_no_breaker() -> None:
    guard = Pilot().breaker("insurer")
    for _ in range(100):
        trial = guard.admit()
        trial.failed()
        trial.over()
    assert guard.state is State.CLOSED


def test_each_dependency_has_one_breaker_per_process() -> None:
    production = Production()
    assert production.breaker("insurer") is production.breaker("insurer")
    assert production.breaker("insurer") is not production.breaker("ehr")
