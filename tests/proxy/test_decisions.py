"""What a proxy remembers of its draws, and that a seed decides them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.proxy.decisions import KEPT, Decision, Decisions
from codeblue.proxy.toxic import Toxic
from codeblue.proxy.toxics import STAGES

from .toxics.virtual import Line, virtual_time

RUNS = CONNECTIONS = 100


def decisions(seed: int, toxicity: float) -> list[Decision]:
    """What one run decides for 100 connections and a toxic in each direction."""
    with virtual_time() as clock:
        line = Line(clock, seed)
        line.add("latency", "upstream", toxicity, latency=10)
        line.add("noop", "downstream", toxicity)
        for _ in range(CONNECTIONS):
            line.connect()
        return list(line.proxy.decisions)


@pytest.mark.slow
def test_the_same_seed_decides_the_same_in_100_runs_of_100() -> None:
    first = decisions(42, 0.5)
    assert len(first) == 2 * CONNECTIONS
    assert {decision.bites for decision in first} == {True, False}
    assert all(decisions(42, 0.5) == first for _ in range(RUNS - 1))
    assert decisions(43, 0.5) != first


@settings(max_examples=20)
@given(st.integers(), st.floats(0, 1))
def test_a_higher_toxicity_hits_whom_a_lower_one_hits(seed: int, toxicity: float) -> None:
    lower = [decision.bites for decision in decisions(seed, toxicity / 2)]
    higher = [decision.bites for decision in decisions(seed, toxicity)]
    assert all(high or not low for low, high in zip(lower, higher, strict=True))


def test_a_decision_is_noted_once_and_again_only_when_it_changes() -> None:
    with virtual_time() as clock:
        line = Line(clock)
        toxic = line.add("latency", toxicity=0.5)
        pair = line.connect()
        for kind in ("noop", "slicer"):
            line.add(kind)
        line.change(toxic, latency=100)
        noted = [decision for decision in line.proxy.decisions if decision.toxic == toxic.name]
        assert len(noted) == 1
        toxic.toxicity = 0.0 if noted[0].bites else 1.0
        line.change(toxic)
        noted = [decision for decision in line.proxy.decisions if decision.toxic == toxic.name]
        assert [decision.bites for decision in noted] == [noted[0].bites, not noted[0].bites]
        assert pair.connection.number == noted[0].connection == 1


def test_only_the_latest_are_kept() -> None:
    kept = Decisions()
    for number in range(KEPT + 5):
        kept.note(number, "t", "upstream", True)
    assert len(kept) == KEPT
    assert next(iter(kept)) == Decision(5, "t", "upstream", True)


def leased(owner: str, stream: str) -> Toxic:
    name = f"{owner}-hang-{stream}"
    return Toxic(name, STAGES["timeout"], stream, 0.5, {"timeout": 0}, lease=owner)


def test_a_fault_hits_the_same_connections_in_every_run_and_both_ways_at_once() -> None:
    """The owner's name changes from run to run; the draws must not."""
    toxics = [
        leased(owner, stream)
        for owner in ("codeblue-1-aa", "codeblue-2-bb")
        for stream in ("upstream", "downstream")
    ]
    drawn = {
        tuple(toxic.draw(7, "edge", number)[0] for number in range(1, 101)) for toxic in toxics
    }
    assert len(drawn) == 1
    assert set(drawn.pop()) == {True, False}
