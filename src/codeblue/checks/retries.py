"""Orders whose answers get lost on the way back, and the client that asks again.

Every order of a patient has a quantity of its own, so a duplicate is seen as such and no page limit
of a listing can hide it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from uuid import uuid4

import httpx

ORDERS = "/v1/orders"
REFUSED_OTHER_BODY = frozenset({400, 409, 422})
"""400 and 422 are usual for a key used for something else; 409 while the first is in progress."""


@dataclass(frozen=True)
class Order:
    """One order and the ``Idempotency-Key`` under which it is sent, however often."""

    patient: str
    quantity: int
    key: str
    code: str = "314076"  # RxNorm: lisinopril 10 MG oral tablet


@dataclass(frozen=True)
class Kept:
    """What the platform holds of some orders."""

    orders: int
    duplicates: int
    missing: int


def fresh_orders(patients: Sequence[str], each: int) -> list[Order]:
    """``each`` orders with quantities 1, 2, ... and a new key each, for every patient."""
    return [
        Order(patient, quantity, str(uuid4()))
        for patient in patients
        for quantity in range(1, each + 1)
    ]


def with_other_body(order: Order) -> Order:
    """Another order under the same key."""
    return replace(order, quantity=order.quantity + 500)


def post(client: httpx.Client, orders: Sequence[Order], callers: int = 8) -> list[int]:
    """Post each order once over a connection of its own; the status of each, 0 without an answer.

    ``client`` must not keep connections alive (see ``one_connection_each``).
    """
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(lambda order: _post(client, order), orders))


def post_until_answered(
    client: httpx.Client, orders: Sequence[Order], attempts: int = 4
) -> list[int]:
    """Post each order until it is answered other than 429 or 5xx, ``attempts`` times at most."""
    statuses = post(client, orders)
    for _ in range(attempts - 1):
        open_ones = [i for i, status in enumerate(statuses) if _to_retry(status)]
        if not open_ones:
            break
        answers = post(client, [orders[i] for i in open_ones])
        for i, status in zip(open_ones, answers, strict=True):
            statuses[i] = status
    return statuses


def one_connection_each(client: httpx.Client, base_url: str, timeout: float) -> httpx.Client:
    """A client with the identity of ``client`` that opens a connection for every request."""
    headers = {"Authorization": client.headers["Authorization"]}
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(base_url=base_url, headers=headers, timeout=timeout, limits=limits)


def kept(client: httpx.Client, orders: Sequence[Order]) -> Kept:
    """Compare what the platform lists for the patients of ``orders`` with ``orders``."""
    held = Counter(
        (patient, quantity)
        for patient in dict.fromkeys(order.patient for order in orders)
        for quantity in _quantities(client, patient)
    )
    sent = {(order.patient, order.quantity) for order in orders}
    return Kept(
        orders=held.total(),
        duplicates=sum(count - 1 for count in held.values()),
        missing=len(sent - held.keys()),
    )


def _post(client: httpx.Client, order: Order) -> int:
    body = {"patient": order.patient, "code": order.code, "quantity": order.quantity}
    try:
        answer = client.post(ORDERS, json=body, headers={"Idempotency-Key": order.key})
    except httpx.TransportError:
        return 0
    return answer.status_code


def _to_retry(status: int) -> bool:
    return (
        status in (0, httpx.codes.TOO_MANY_REQUESTS) or status >= httpx.codes.INTERNAL_SERVER_ERROR
    )


def _quantities(client: httpx.Client, patient: str) -> list[int]:
    answer = client.get(ORDERS, params={"patient": patient}).raise_for_status()
    return [int(order["quantity"]) for order in answer.json()["orders"]]
