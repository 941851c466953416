"""Pages of searches: their rows, their limit, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from codeblue.checks.fresh import FHIR
from codeblue.checks.paging import (
    largest_page,
    observations,
    quickest,
    read_page,
    relative_cost,
)
from codeblue.checks.volume import add_pulses, pulse

from .crowded import LARGEST, ROW, Address, Crowded, served

ROWS = 150


@contextmanager
def with_rows(*habits: str) -> Iterator[httpx.Client]:
    with served(Address(Crowded(*habits))) as [url], httpx.Client(base_url=url) as client:
        add_pulses(client, "p", ROWS)
        yield client


def test_pages_follow_each_other_to_the_last() -> None:
    with with_rows() as client:
        page = read_page(client, observations("p", 60))
        sizes = [len(page.ids)]
        while page.following:
            page = read_page(client, page.following)
            sizes.append(len(page.ids))
    assert sizes == [60, 60, 30]


@pytest.mark.parametrize(("habit", "repeated"), [("", 0), ("by offset", 1)])
def test_a_write_between_two_pages_repeats_a_row_where_rows_are_counted_off(
    habit: str, repeated: int
) -> None:
    with with_rows(habit) as client:
        first = read_page(client, observations("p", 20))
        client.post(f"{FHIR}/Observation", json=pulse("p"))
        assert first.following
        second = read_page(client, first.following)
    assert len(set(first.ids) & set(second.ids)) == repeated


@pytest.mark.parametrize(("habit", "held"), [("", 0), ("endless", ROWS)])
def test_the_largest_page(habit: str, held: int) -> None:
    with with_rows(habit) as client:
        assert largest_page(client, "p", ROWS * 10) == held
        assert largest_page(client, "p", LARGEST) == LARGEST


def test_whoever_reads_row_by_row_is_slow_by_rows() -> None:
    with with_rows("row by row") as client:
        few, many = (quickest(client, observations("p", size), 3) for size in (1, 100))
        assert many - few > 50 * ROW
        assert relative_cost(client, observations("p", 100), observations("p", 1), 5) > 2


def test_a_refusal_is_no_duration() -> None:
    with with_rows() as client:
        refused = observations("p", LARGEST + 1)
        with pytest.raises(httpx.HTTPStatusError):
            quickest(client, refused, 1)
        with pytest.raises(httpx.HTTPStatusError):
            relative_cost(client, refused, refused, 1)
        with pytest.raises(httpx.HTTPStatusError):
            read_page(client, refused)
