"""Charts at several addresses: who reads them, and where an old one is left."""

from __future__ import annotations

import httpx
import pytest

from codeblue.checks.charts import desks, read_at_once, read_chart, read_in_turn, write_and_look

from .crowded import Address, Crowded, served

READERS = 30


def test_readers_at_once_are_spread_over_the_addresses() -> None:
    shared = Crowded()
    addresses = [Address(shared), Address(shared)]
    with served(*addresses) as urls, desks(urls, {}) as at:
        assert read_at_once(at, "p", READERS) == {200: READERS}
    assert [address.charts_made for address in addresses] == [READERS / 2, READERS / 2]


def test_readers_in_turn_read_all_charts_at_all_addresses() -> None:
    shared = Crowded("forgetful")
    addresses = [Address(shared), Address(shared)]
    with served(*addresses) as urls, desks(urls, {}) as at:
        assert read_in_turn(at, ["a", "b", "c"], 12) == {200: 12}
    assert [sorted(address.kept) for address in addresses] == [["a", "b", "c"], ["a", "b", "c"]]


@pytest.mark.parametrize(("habit", "behind"), [("", 0), ("forgetful", 2)])
def test_a_write_is_looked_for_at_every_address(habit: str, behind: int) -> None:
    shared = Crowded(habit)
    with served(Address(shared), Address(shared)) as urls, desks(urls, {}) as at:
        assert write_and_look(at, "p", within=0.2) == at[:behind]


def test_a_chart_that_is_not_answered_has_status_0() -> None:
    with desks(["http://127.0.0.1:9"], {}) as [desk]:
        assert read_chart(desk, "p") == 0


def test_a_chart_that_fails_is_no_old_chart() -> None:
    with served(Address(Crowded())) as urls, desks([f"{urls[0]}/nowhere"], {}) as at:
        assert read_chart(at[0], "p") == 404
        with pytest.raises(httpx.HTTPStatusError):
            write_and_look(at, "p", within=0)
