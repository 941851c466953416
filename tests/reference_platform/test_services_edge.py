from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from reference_platform.decisions import Decisions
from reference_platform.decisions.circuit_breakers import State
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.outcomes import Refusal
from reference_platform.profiles import parse
from reference_platform.services.downstream import Downstream
from reference_platform.services.edge import AnsweredError, Edge, LostError, NotAskedError
from reference_platform.settings import Settings

Attempt = Callable[[Deadline], Awaitable[str]]


class Ledger:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.states: list[str] = []

    def outcome(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.outcomes.append(name)

    def breaker(self, state: str) -> None:
        self.states.append(state)


def edge(dependency: str = "insurer", profile: str = "production") -> tuple[Edge, Ledger]:
    ledger = Ledger()
    return Edge("hub", dependency, Decisions.choose(parse(profile)), ledger), ledger


def raising(error: BaseException) -> Attempt:
    async def attempt(_limit: Deadline) -> str:
        raise error

    return attempt


async def well(_limit: Deadline) -> str:
    return "answer"


async def hang(_limit: Deadline) -> str:
    await asyncio.sleep(60)
    return "too late"


async def ask(guarded: Edge, attempt: Attempt, times: int = 1, seconds: float | None = None) -> str:
    """What the last of `times` calls came to."""
    for _ in range(times):
        try:
            came_to = await guarded.call(Deadline(None).within(seconds), attempt, repeatable=False)
        except Exception as error:  # noqa: BLE001 - any end is an end
            came_to = type(error).__name__
    return came_to


@pytest.mark.parametrize(
    ("error", "outcome", "state"),
    [
        (Refusal(404, "Patient: unknown."), "success", State.CLOSED),
        (Refusal(502, "ehr: answered AE."), "failure", State.OPEN),
        (LostError(503, "insurer: cannot be reached."), "failure", State.OPEN),
        (ConnectionResetError(), "failure", State.OPEN),
        (ValueError("an answer that cannot be read"), "failure", State.OPEN),
        (AnsweredError({}, own=True), "failure", State.OPEN),
        (AnsweredError({}, own=False), "behind", State.CLOSED),
        (TimeoutError(), "timeout", State.OPEN),
    ],
)
def test_what_an_attempt_raises_decides_who_is_to_blame(
    error: Exception, outcome: str, state: State
) -> None:
    async def story() -> tuple[Edge, Ledger]:
        guarded, ledger = edge()
        assert await ask(guarded, raising(error), times=5) == type(error).__name__
        return guarded, ledger

    guarded, ledger = asyncio.run(story())
    assert ledger.outcomes == [outcome] * 5
    assert guarded.state is state


def test_an_open_edge_refuses_without_an_attempt_and_says_so() -> None:
    async def story() -> Ledger:
        guarded, ledger = edge()
        await ask(guarded, raising(OSError()), times=5)
        assert await ask(guarded, well) == "NotAskedError"
        return ledger

    ledger = asyncio.run(story())
    assert ledger.outcomes == ["failure"] * 5 + ["open"]
    assert ledger.states == ["open"]


def test_a_full_bulkhead_says_nothing_about_the_dependency() -> None:
    async def story() -> tuple[State, Counter[str]]:
        guarded, ledger = edge()
        calls = [asyncio.create_task(ask(guarded, hang)) for _ in range(30)]
        await asyncio.sleep(0.3)
        state = guarded.state
        for call in calls:
            call.cancel()
        await asyncio.wait(calls)
        return state, Counter(ledger.outcomes)

    state, outcomes = asyncio.run(story())
    assert state is State.CLOSED
    assert outcomes == {"full": 25, "cancelled": 5}


def test_a_dependency_that_hangs_is_left_alone_after_one_timeout_of_its_places() -> None:
    async def story() -> tuple[Edge, Ledger]:
        guarded, ledger = edge()
        await asyncio.gather(*(ask(guarded, hang) for _ in range(5)))
        return guarded, ledger

    guarded, ledger = asyncio.run(story())
    assert guarded.state is State.OPEN
    assert ledger.outcomes == ["timeout"] * 5


def test_the_deadline_of_the_caller_blames_the_dependency_only_if_it_had_time() -> None:
    async def story(seconds: float) -> State:
        guarded, _ = edge()
        await asyncio.gather(*(ask(guarded, hang, seconds=seconds) for _ in range(5)))
        return guarded.state

    assert asyncio.run(story(0.05)) is State.CLOSED
    assert asyncio.run(story(0.6)) is State.OPEN


def test_a_deadline_that_strikes_from_outside_is_a_timeout_too() -> None:
    async def story() -> list[str]:
        guarded, ledger = edge()
        deadline = Deadline(None).within(0.1)
        with pytest.raises(TimeoutError):
            async with deadline.scope():
                await guarded.call(deadline, hang, repeatable=False)
        return ledger.outcomes

    assert asyncio.run(story()) == ["timeout"]


def test_pilot_guards_nothing() -> None:
    async def story() -> tuple[Edge, Ledger]:
        guarded, ledger = edge(profile="pilot")
        await ask(guarded, raising(OSError()), times=10)
        return guarded, ledger

    guarded, ledger = asyncio.run(story())
    assert guarded.state is State.CLOSED
    assert ledger.outcomes == ["failure"] * 90


class Server:
    """An HTTP server that answers with one status, and counts."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.calls = 0
        self.after: str | None = None

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.calls += 1
        headers = {} if self.after is None else {"Retry-After": self.after}
        return web.Response(status=self.status, text=request.path, headers=headers)

    @asynccontextmanager
    async def reached_by(self, service: str, dependency: str) -> AsyncIterator[Downstream]:
        runner = web.ServerRunner(web.Server(self.answer))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        settings = Settings.model_validate({f"edge_{service}_{dependency}": f"{host}:{port}"})
        decisions = Decisions.choose(parse("production-zero_trust"))
        async with Downstream(service, dependency, settings, decisions) as way:
            yield way
        await runner.cleanup()


@pytest.mark.parametrize(
    ("edge_name", "status", "calls", "state"),
    [
        ("hub insurer", 200, 1, State.CLOSED),
        ("hub insurer", 404, 1, State.CLOSED),
        ("hub insurer", 500, 3, State.OPEN),
        ("hub insurer", 503, 3, State.OPEN),
        ("gateway hub", 422, 1, State.CLOSED),
        ("gateway hub", 500, 1, State.OPEN),
        ("gateway hub", 502, 1, State.CLOSED),
        ("gateway hub", 503, 1, State.CLOSED),
        ("gateway hub", 504, 1, State.CLOSED),
    ],
)
def test_an_answer_is_handed_back_whatever_it_is(
    edge_name: str, status: int, calls: int, state: State
) -> None:
    async def story() -> None:
        server = Server(status)
        async with server.reached_by(*edge_name.split()) as way:
            reply = await way.send("GET", "/x", Deadline(None), repeatable=True)
            assert (reply.status, reply.body) == (status, b"/x")
            assert server.calls == calls
            for _ in range(30):
                if way.edge.state is State.CLOSED:
                    reply = await way.send("GET", "/x", Deadline(None))
            assert reply.status == status
            assert way.edge.state is state

    asyncio.run(story())


def test_a_connection_that_cannot_be_made_is_tried_again_if_it_may_be() -> None:
    async def story(*, repeatable: bool) -> list[str]:
        ledger = Ledger()
        settings = Settings(edge_gateway_records="127.0.0.1:9")
        decisions = Decisions.choose(parse("production-zero_trust"))
        async with Downstream("gateway", "records", settings, decisions, ledger) as way:
            with pytest.raises(LostError) as refusal:
                await way.send("GET", "/x", Deadline(None), repeatable=repeatable)
            assert refusal.value.status == 503
            assert refusal.value.headers == {"Retry-After": "1"}
        return ledger.outcomes

    assert asyncio.run(story(repeatable=False)) == ["failure"]
    assert asyncio.run(story(repeatable=True)) == ["failure"] * 3


def test_not_asked_is_a_refusal_like_any_other() -> None:
    error = NotAskedError("insurer: is left alone.", after=2)
    assert (error.status, error.headers) == (503, {"Retry-After": "2"})
