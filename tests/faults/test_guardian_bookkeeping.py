"""Orders, silences and deaths in any order: the guardian heals what it should, and nothing else.

The world is a set of broken places. A fault that its holder has struck off may be in the world
again, broken by somebody else: whoever touches it then fails the test.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from codeblue.faults import FAULTS, Ground, Trace
from codeblue.faults.guardian import mending
from codeblue.faults.guardian.mending import mend
from codeblue.faults.guardian.watchlist import SILENCE_SECONDS, Watchlist
from codeblue.faults.record import FILE, Record, StandingFault

PLACES = st.sampled_from("abcd")
WORLD: set[str] = set()
TOUCHED: list[str] = []


@dataclass(frozen=True)
class Crack:
    """A fault whose place is a member of the world."""

    folder: str
    type: ClassVar[str] = "crack"

    @property
    def place(self) -> str:
        return self.folder

    @property
    def attributes(self) -> dict[str, Any]:
        return {}

    def prepare(self, *_: object) -> Trace:
        return {}

    def inject(self, *_: object) -> None:
        WORLD.add(self.folder)

    def heal(self, *_: object) -> None:
        TOUCHED.append(self.folder)
        WORLD.discard(self.folder)

    def healed(self, *_: object) -> bool:
        return self.folder not in WORLD


class Bookkeeping(RuleBasedStateMachine):
    """A holder, its guardian's list, and the record between them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.record = Record(self.folder)
        self.now = self.heard = 0.0
        self.told = False
        self.list = Watchlist(0.0)
        self.watched: set[str] = set()
        self.on_record: set[str] = set()
        self.strangers: set[str] = set()
        WORLD.clear()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def standing(self, place: str) -> StandingFault:
        return StandingFault.of(Crack(place), Ground("o", folder=str(self.folder)), {})

    def order(self, **order: object) -> None:
        self.heard, self.told = self.now, False
        self.list.obey(json.loads(json.dumps(order)), self.now)

    @rule(place=PLACES, dies=st.sampled_from(["never", "before", "torn"]))
    def injects(self, place: str, dies: str) -> None:
        if place in self.watched or place in self.strangers:
            return
        standing = self.standing(place)
        if dies == "torn":
            with (self.folder / FILE).open("ab") as file:
                file.write(b'{"kind": "injecting", "fau')
            return
        self.record.intend(standing)
        self.on_record.add(place)
        self.order(watch=asdict(standing))
        self.watched.add(place)
        if dies != "before":
            WORLD.add(place)

    @rule(place=PLACES)
    def strikes_off(self, place: str) -> None:
        if place in self.watched:
            WORLD.discard(place)
            self.order(strike=self.standing(place).fault)
            self.record.strike(self.standing(place).fault)
            self.watched.discard(place)
            self.on_record.discard(place)

    @rule(place=PLACES)
    def somebody_else_breaks(self, place: str) -> None:
        if place not in self.watched:
            WORLD.add(place)
            self.strangers.add(place)

    @rule(place=PLACES)
    def somebody_else_heals(self, place: str) -> None:
        if place in self.strangers:
            WORLD.discard(place)
            self.strangers.discard(place)

    @rule()
    def beats(self) -> None:
        self.order(beat=True)

    @rule(seconds=st.sampled_from([0.1, 0.3, 0.9, 1.19, 1.2, 5.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        silent = not self.told and self.now - self.heard >= SILENCE_SECONDS
        assert self.list.fell_silent(self.now) == silent
        assert not self.list.fell_silent(self.now), "once for each silence"
        if silent:
            self.told = True
            self.guardian_heals()

    @rule()
    def guardian_was_held_up(self) -> None:
        self.list.forgive(self.now)
        if not self.told:
            self.heard = self.now

    @precondition(lambda self: self.watched)
    @rule()
    def holder_goes_on_after_a_stop_and_injects(self) -> None:
        WORLD.update(self.watched)

    @rule()
    def holder_dies(self) -> None:
        self.guardian_heals()
        assert strangers_only(self.strangers)
        self.watched.clear()
        self.list = Watchlist(self.now)
        self.heard, self.told = self.now, False

    def guardian_heals(self) -> None:
        TOUCHED.clear()
        for each in self.list.watched():
            mend(each, "died")
        assert set(TOUCHED) == self.watched
        self.on_record -= self.watched

    @invariant()
    def the_record_says_what_may_be_left(self) -> None:
        assert {each.place for each in self.record.standing()} == self.on_record

    @invariant()
    def everything_broken_is_somebodys(self) -> None:
        assert self.watched | self.strangers >= WORLD

    @invariant()
    def the_guardian_waits_as_long_as_it_may(self) -> None:
        patience = self.list.patience(self.now)
        if self.told:
            assert patience is None
        else:
            assert patience == pytest.approx(max(0, self.heard + SILENCE_SECONDS - self.now))


def strangers_only(strangers: set[str]) -> bool:
    return strangers == WORLD


@pytest.fixture(autouse=True)
def _cracks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(FAULTS, "crack", Crack)
    monkeypatch.setattr(mending, "_SETTLED_SECONDS", 0.0)
    yield
    WORLD.clear()


@pytest.mark.slow
def test_the_bookkeeping_of_record_and_guardian() -> None:
    run_state_machine_as_test(Bookkeeping, settings=settings(max_examples=60))


def test_what_was_struck_off_is_not_healed_any_more(tmp_path: Path) -> None:
    watchlist = Watchlist(0.0)
    standing = StandingFault.of(Crack("a"), Ground("o", folder=str(tmp_path)), {})
    watchlist.obey({"watch": asdict(standing)}, 0.0)
    (watched,) = watchlist.watched()
    watchlist.obey({"strike": standing.fault}, 0.1)
    WORLD.add("a")
    mend(watched, "fell silent")
    assert {"a"} == WORLD
    assert not (tmp_path / FILE).exists()


def test_a_strike_of_something_unknown_is_fine() -> None:
    watchlist = Watchlist(0.0)
    watchlist.obey({"strike": "never heard of"}, 0.0)
    assert watchlist.watched() == []


def test_a_fault_that_cannot_be_healed_at_first_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[int] = []

    def reluctant(self: Crack, *_: object) -> None:
        attempts.append(1)
        if len(attempts) < 8:
            raise OSError("not yet")
        WORLD.discard(self.folder)

    monkeypatch.setattr(Crack, "heal", reluctant)
    watchlist = Watchlist(0.0)
    standing = StandingFault.of(Crack("a"), Ground("o", folder=str(tmp_path)), {})
    Record(tmp_path).intend(standing)
    watchlist.obey({"watch": asdict(standing)}, 0.0)
    WORLD.add("a")
    mend(watchlist.watched()[0], "died")
    assert set() == WORLD
    assert Record(tmp_path).standing() == []
