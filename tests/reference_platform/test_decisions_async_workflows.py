# ruff: noqa: ARG002 - fakes take all that a protocol gives
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.database.connection import Connection
from reference_platform.decisions.async_workflows import (
    HopelessError,
    Pilot,
    Production,
    Referral,
    State,
    Status,
    advance,
)

NAMES = ("appointment", "eligibility", "ehr_order", "notification")
REFERRAL = Referral("riverside", "r-1", "p-1", "s-1", "cardiology", "payer", "member")


class KilledError(BaseException):
    """The worker is gone, as after kill -9."""


class Memory:
    """A journal that outlives the worker that writes it."""

    def __init__(self, tries: int) -> None:
        self.status: Status | None = None
        self.states: dict[str, State] = {}
        self._tries = tries

    async def open(self, connection: Connection, referral: Referral) -> None:
        self.status, self.states = "accepted", dict.fromkeys(NAMES, "pending")

    async def close(self, referral: Referral) -> None:
        self.status, self.states = "completed", dict.fromkeys(NAMES, "done")

    async def read(self, referral: Referral) -> tuple[Status, Mapping[str, State]]:
        assert self.status is not None
        return self.status, dict(self.states)

    async def late(self, referral: Referral) -> bool:
        self._tries -= 1
        return self._tries < 0

    async def step(self, referral: Referral, name: str, state: State) -> None:
        self.states[name] = state

    async def turn(self, referral: Referral, name: str) -> None:
        self.states[name], self.status = "failed", "compensating"


@dataclass
class World:
    """Four systems; `fate` says call by call what happens to whoever asks one of them.

    "ok"; "down": no effect and no answer; "lost": the effect without an answer; "refused": for
    good; "killed" and "killed-late": the worker dies before, or after, the effect.
    """

    fate: list[str]
    effects: set[str] = field(default_factory=set)

    def happens(self) -> str:
        return self.fate.pop(0) if self.fate else "ok"


class WorldStep:
    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self._world = world

    async def do(self, referral: Referral) -> None:
        fate = self._world.happens()
        if fate == "refused":
            raise HopelessError("no.")
        self._change(fate, self._world.effects.add)

    async def undo(self, referral: Referral) -> None:
        fate = self._world.happens()
        self._change("down" if fate == "refused" else fate, self._world.effects.discard)

    def _change(self, fate: str, change: Callable[[str], None]) -> None:
        if fate in ("ok", "lost", "killed-late"):
            change(self.name)
        if fate.startswith("killed"):
            raise KilledError
        if fate in ("down", "lost"):
            raise TimeoutError


FATES = st.lists(st.sampled_from(["ok", "ok", "down", "lost", "refused", "killed", "killed-late"]))


async def to_the_end(journal: Memory, world: World) -> Status:
    """As the queue does it: again after every error, and by another worker after every death."""
    steps = [WorldStep(name, world) for name in NAMES]
    while True:
        try:
            return await advance(REFERRAL, steps, journal)
        except (TimeoutError, HopelessError, KilledError):
            continue


@given(FATES, st.integers(0, 6))
def test_whatever_breaks_all_of_it_is_done_or_none(fate: list[str], tries: int) -> None:
    async def test() -> None:
        world, journal = World(fate), Memory(tries)
        await journal.open(None, REFERRAL)
        status = await to_the_end(journal, world)
        assert (status, world.effects) in [("completed", set(NAMES)), ("compensated", set())]
        if status == "completed":
            assert set(journal.states.values()) == {"done"}
        else:
            assert set(journal.states.values()) <= {"pending", "compensated"}

    asyncio.run(test())


@given(st.sampled_from(range(4)))
def test_compensation_goes_backwards_and_spares_what_was_never_tried(broken: int) -> None:
    async def test() -> None:
        undone: list[str] = []

        class Recorded(WorldStep):
            async def undo(self, referral: Referral) -> None:
                undone.append(self.name)

        world, journal = World(["ok"] * broken + ["refused"]), Memory(0)
        await journal.open(None, REFERRAL)
        steps = [Recorded(name, world) for name in NAMES]
        assert await advance(REFERRAL, steps, journal) == "compensated"
        assert undone == list(reversed(NAMES[: broken + 1]))

    asyncio.run(test())


def test_what_cannot_be_undone_now_does_not_keep_the_rest() -> None:
    async def test() -> None:
        world, journal = World(["ok", "ok", "ok", "refused", "ok", "down", "ok", "ok"]), Memory(0)
        await journal.open(None, REFERRAL)
        steps = [WorldStep(name, world) for name in NAMES]
        with pytest.raises(TimeoutError):
            await advance(REFERRAL, steps, journal)
        assert world.effects == {"ehr_order"}
        assert journal.status == "compensating"
        assert await advance(REFERRAL, steps, journal) == "compensated"
        assert world.effects == set()

    asyncio.run(test())


@pytest.mark.parametrize("broken", range(1, 4))
def test_pilot_leaves_half_of_it_and_no_word(broken: int) -> None:
    async def test() -> None:
        world, journal = World(["ok"] * broken + ["down"]), Memory(0)
        steps = [WorldStep(name, world) for name in NAMES]
        await Pilot().accept(None, REFERRAL, journal)
        with pytest.raises(TimeoutError):
            await Pilot().accepted(REFERRAL, steps, journal)
        assert world.effects == set(NAMES[:broken])
        assert journal.status is None

    asyncio.run(test())


def test_the_caller_hears_of_the_end_from_the_pilot_and_of_the_beginning_in_production() -> None:
    async def test() -> None:
        world, journal = World([]), Memory(0)
        steps = [WorldStep(name, world) for name in NAMES]
        assert await Production().accepted(REFERRAL, steps, journal) == "accepted"
        assert world.effects == set()
        assert await Pilot().accepted(REFERRAL, steps, journal) == "completed"
        assert world.effects == set(NAMES)

    asyncio.run(test())
