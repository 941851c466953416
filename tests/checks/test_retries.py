"""Orders sent again: duplicates are seen, and a platform that knows its keys raises no alarm."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from codeblue.checks.retries import (
    REFUSED_OTHER_BODY,
    Kept,
    fresh_orders,
    kept,
    one_connection_each,
    post,
    post_until_answered,
    with_other_body,
)

ClientOf = Callable[..., httpx.Client]


def _caller(client: httpx.Client) -> httpx.Client:
    return one_connection_each(client, str(client.base_url), timeout=5)


def test_retried_orders_are_duplicates(hospital: ClientOf) -> None:
    client = hospital("retried order")
    orders = fresh_orders(["a", "b"], 10)
    with _caller(client) as caller:
        post(caller, orders)
        assert kept(client, orders) == Kept(20, 0, 0)
        assert post_until_answered(caller, orders) == [201] * 20
    assert kept(client, orders) == Kept(40, 20, 0)


def test_a_known_key_gives_no_second_order(hospital: ClientOf) -> None:
    client = hospital()
    orders = fresh_orders(["a", "b"], 10)
    with _caller(client) as caller:
        post(caller, orders)
        post(caller, orders)
        assert set(post(caller, [with_other_body(orders[0])])) <= REFUSED_OTHER_BODY
    assert kept(client, orders) == Kept(20, 0, 0)


def test_what_was_never_placed_is_missing(hospital: ClientOf) -> None:
    client = hospital()
    orders = fresh_orders(["a"], 3)
    with _caller(client) as caller:
        post(caller, orders[:1])
    assert kept(client, orders) == Kept(1, 0, 2)


def test_no_answer_is_status_zero() -> None:
    with httpx.Client(base_url="http://127.0.0.1:9", headers={"Authorization": "x"}) as client:
        assert post(client, fresh_orders(["a"], 2)) == [0, 0]
        assert post_until_answered(client, fresh_orders(["a"], 1), attempts=2) == [0]
