"""One edge under one fault, and the map of them all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.envelope import (
    FAULTS,
    SCALES,
    Cell,
    Envelope,
    Vote,
    cells_of,
    estimated_points,
    in_turn,
    most_points,
)

KINDS = st.sampled_from(FAULTS)
VOTES: list[Vote] = ["held", "broke", "inconclusive"]


def vote(cell: Cell, severity: float, threshold: float) -> Vote:
    """What a platform says that takes all severities up to ``threshold``."""
    levels = cell.scale.levels
    return "held" if levels.index(severity) < threshold else "broke"


def found(cell: Cell, threshold: int) -> Envelope:
    while (severity := cell.severity) is not None:
        cell.add(severity, vote(cell, severity, threshold))
    return cell.envelope


@pytest.mark.parametrize("fault", FAULTS)
def test_the_severities_grow_in_steps_that_are_about_equal_and_whole_where_they_have_to(
    fault: str,
) -> None:
    scale = SCALES[fault]
    steps = [math.log(b / a) for a, b in zip(scale.levels, scale.levels[1:], strict=False)]
    assert all(step < 0 for step in steps) if fault == "bandwidth" else min(steps) > 0
    assert max(abs(step) for step in steps) <= math.log(2) + 1e-9
    for severity in scale.levels:
        arguments = scale.arguments(severity)
        assert all(isinstance(value, int) for value in arguments.values())
        if scale.argument:
            assert arguments[scale.argument] == severity * scale.factor


def test_an_outage_lasts_and_the_other_faults_are_there_all_the_time() -> None:
    assert [fault for fault in FAULTS if SCALES[fault].lasting] == ["outage"]


@given(st.data(), KINDS)
def test_an_envelope_names_both_ends_or_says_that_they_are_beyond_the_range(
    data: st.DataObject, fault: str
) -> None:
    levels = SCALES[fault].levels
    threshold = data.draw(st.integers(0, len(levels)))
    envelope = found(Cell("a", fault), threshold)
    assert envelope.answered
    assert envelope.confidence is not None
    if threshold == 0:
        assert (envelope.standing, envelope.broke_at) == ("below", levels[0])
        assert "beyond the range" in envelope.sentence
    elif threshold == len(levels):
        assert (envelope.standing, envelope.tolerated) == ("beyond", levels[-1])
        assert "beyond the range" in envelope.sentence
    else:
        ends = (envelope.tolerated, envelope.broke_at)
        assert (envelope.standing, ends) == ("found", levels[threshold - 1 : threshold + 1])


@given(st.data(), KINDS)
def test_without_both_ends_there_is_never_a_verdict(data: st.DataObject, fault: str) -> None:
    cell = Cell("a", fault)
    for _ in range(data.draw(st.integers(0, 30))):
        if (severity := cell.severity) is None:
            break
        cell.add(severity, data.draw(st.sampled_from(VOTES)), "the generator was late")
        envelope = cell.envelope
        both = envelope.tolerated is not None and envelope.broke_at is not None
        if envelope.standing == "found":
            assert both
        assert envelope.answered == (envelope.standing in ("found", "beyond", "below"))
        assert (envelope.confidence is None) == (not envelope.answered)
        assert envelope.sentence
        assert cell.done == (cell.severity is None)


def test_a_generator_that_was_the_limit_is_inconclusive_and_says_so() -> None:
    cell = Cell("a", "latency")
    for _ in range(2):
        severity = cell.severity
        assert severity is not None
        cell.add(severity, "inconclusive", "the generator itself was late")
    assert cell.done
    assert cell.envelope.standing == "inconclusive"
    assert "the generator itself was late" in cell.envelope.sentence


def test_what_was_ended_says_why_and_keeps_what_is_known() -> None:
    cell = Cell("a", "loss")
    cell.end("impossible", "this proxy knows no loss")
    assert cell.done
    assert cell.severity is None
    assert cell.envelope.sentence == "cannot be done here: this proxy knows no loss"


def test_what_is_not_confirmed_has_a_question_mark() -> None:
    cell = Cell("a", "latency")
    cell.add(10_000, "broke")
    assert (cell.envelope.standing, cell.envelope.short) == ("unfinished", "? .. 10,000? ms")
    assert cell.envelope.broke_at is None


def test_the_loads_disagree_at_the_strongest_severity_so_there_is_no_upper_end() -> None:
    cell, turn = Cell("a", "latency"), 0
    while (severity := cell.severity) is not None:
        turn += severity == 10_000
        cell.add(severity, "held" if severity < 10_000 or turn % 2 else "broke")
    assert cell.envelope.standing == "inconclusive"
    assert "disagree" in cell.envelope.sentence


def test_a_map_begins_with_the_strongest_severity_of_every_cell() -> None:
    cells = cells_of(["a", "b", "c"], ["latency", "outage"])
    thresholds = {id(cell): n % 4 for n, cell in enumerate(cells)}
    order = []
    for cell in in_turn(cells):
        severity = cell.severity
        assert severity is not None
        order.append((cell.edge, cell.fault, severity))
        cell.add(severity, vote(cell, severity, thresholds[id(cell)]))
    strongest = [(c.edge, c.fault, c.scale.levels[-1]) for c in cells]
    assert order[: len(cells)] == strongest
    assert [name for name, _ in _runs(order[len(cells) :])] == [(c.edge, c.fault) for c in cells]
    assert all(cell.done for cell in cells)
    assert estimated_points(cells) == 0


def _runs(order: list[tuple[str, str, float]]) -> list[tuple[tuple[str, str], int]]:
    runs: list[tuple[tuple[str, str], int]] = []
    for edge, fault, _ in order:
        if runs and runs[-1][0] == (edge, fault):
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append(((edge, fault), 1))
    return runs


@given(st.data())
def test_the_bound_that_is_said_at_the_start_is_kept(data: st.DataObject) -> None:
    cells = cells_of(["a", "b"], FAULTS)
    most, count = most_points(cells), 0
    thresholds = {id(c): data.draw(st.integers(0, len(c.scale.levels))) for c in cells}
    for cell in in_turn(cells):
        severity = cell.severity
        assert severity is not None
        count += 1
        cell.add(severity, vote(cell, severity, thresholds[id(cell)]))
    assert count <= most
