from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.audit.chain import COLUMNS, Fault, Link, columns, verify
from reference_platform.audit.checkpoints import Checkpoints
from reference_platform.audit.event import Event

SEED = "11" * 32
LENGTH = 20


def event(number: int) -> Event:
    return Event(
        id=f"e{number}",
        recorded=f"2031-01-01T00:00:{number:02d}.000Z",
        tenant="riverside",
        subject="dr-who",
        role="clinician",
        operation="readChart",
        action="R",
        status=200,
        patients=("p1",),
    )


def trail(length: int = LENGTH) -> list[dict[str, Any]]:
    rows, link = [], Link()
    for number in range(1, length + 1):
        told = event(number)
        content = told.canonical().decode()
        link = link.next(content)
        repeated = dict(zip(COLUMNS, columns(told), strict=True))
        rows.append({"position": link.position, "hash": link.hash, "content": content, **repeated})
    return rows


def test_an_untouched_trail_is_intact() -> None:
    rows = trail()
    assert verify(rows, {LENGTH: rows[-1]["hash"], 3: rows[2]["hash"]}) is None
    assert verify([], {}) is None


@given(st.integers(1, LENGTH))
def test_a_changed_event_is_named(position: int) -> None:
    rows = trail()
    row = rows[position - 1]
    row["content"] = row["content"].replace("dr-who", "nobody")
    assert verify(rows, {}) == Fault(position, "changed")


@given(st.integers(1, LENGTH))
def test_a_changed_column_is_named(position: int) -> None:
    rows = trail()
    rows[position - 1]["patient"] = "p2"
    assert verify(rows, {}) == Fault(position, "its search columns were changed")


@given(st.integers(1, LENGTH - 1))
def test_a_deleted_event_is_named(position: int) -> None:
    rows = trail()
    del rows[position - 1]
    assert verify(rows, {}) == Fault(position, "missing or moved")


@given(st.integers(1, LENGTH), st.integers(1, LENGTH))
def test_two_events_that_changed_places_are_named(one: int, other: int) -> None:
    rows = trail()
    first, second = rows[one - 1], rows[other - 1]
    for name in ("content", *COLUMNS):
        first[name], second[name] = second[name], first[name]
    fault = verify(rows, {})
    assert (fault.position if fault else None) == (None if one == other else min(one, other))


@given(st.integers(0, LENGTH - 1))
def test_only_a_checkpoint_shows_that_the_end_is_missing(left: int) -> None:
    rows = trail()
    signed = {LENGTH: rows[-1]["hash"]}
    assert verify(rows[:left], {}) is None
    assert verify(rows[:left], signed) == Fault(left + 1, "the end is missing")


def test_a_trail_that_was_written_anew_is_not_what_the_checkpoint_says() -> None:
    old, anew = trail(), trail(LENGTH - 1)
    content = event(99).canonical().decode()
    link = Link(LENGTH - 1, anew[-1]["hash"]).next(content)
    repeated = dict(zip(COLUMNS, columns(event(99)), strict=True))
    anew.append({"position": LENGTH, "hash": link.hash, "content": content, **repeated})
    assert verify(anew, {LENGTH: old[-1]["hash"]}) == Fault(LENGTH, "not what its checkpoint says")


def test_checkpoints_are_kept_and_read(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    for position in (3, 7):
        checkpoints.add("riverside", Link(position, f"{position}" * 64), "2031-01-01", SEED)
    assert checkpoints.tenants() == ["riverside"]
    assert checkpoints.signed("riverside") == {3: "3" * 64, 7: "7" * 64}
    assert checkpoints.signed("lakeside") == {}


@pytest.mark.parametrize("change", [(b'"position":3', b'"position":4'), (b"{", b"")])
def test_a_checkpoint_that_was_changed_is_none(tmp_path: Path, change: tuple[bytes, bytes]) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.add("riverside", Link(3, "3" * 64), "2031-01-01", SEED)
    file = tmp_path / "riverside.jsonl"
    file.write_bytes(file.read_bytes().replace(*change, 1))
    with pytest.raises(ValueError, match=r"riverside\.jsonl, line 1"):
        checkpoints.signed("riverside")


def test_a_checkpoint_by_another_key_is_none(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.add("riverside", Link(3, "3" * 64), "2031-01-01", SEED)
    with pytest.raises(ValueError, match="valid signature"):
        checkpoints.signed("riverside", key="22" * 32)
