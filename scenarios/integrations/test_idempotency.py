"""What is sent twice must happen once, and what arrives late must not undo what came after.

Harm: a medication ordered twice because an answer was lost; a discharged patient admitted again.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.feed import deliver, early_discharges, resends, stays, visit_state
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.retries import (
    REFUSED_OTHER_BODY,
    fresh_orders,
    kept,
    one_connection_each,
    post,
    post_until_answered,
    with_other_body,
)
from codeblue.faults import DropAnswers, ground_of, injected
from codeblue.session import Session

PATIENTS, ORDERS_EACH, REUSED_KEYS = 5, 20, 10
VISITS, COPIES = 24, 3
LOST_AFTER = 3.0  # seconds without an answer, after which the client gives up


@pytest.mark.check(
    id="lost-answers",
    risk="integrations",
    examines=["idempotency"],
    title="An order whose answer was lost is not placed twice",
)
def test_a_retried_order_is_placed_once(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """A hundred orders are committed, their answers lost, and all of them sent again."""
    direct = client()
    caller = one_connection_each(direct, platform.proxied_url, LOST_AFTER)
    with check.control():
        once = fresh_orders([fresh_patient(direct)], ORDERS_EACH)
        assert set(post(caller, once)) == {201}, "orders were not accepted without a fault"
        assert kept(direct, once).orders == ORDERS_EACH, "orders are not listed"
        orders = fresh_orders([fresh_patient(direct) for _ in range(PATIENTS)], ORDERS_EACH)
    with check.stressor():
        with injected(DropAnswers("client-gateway"), ground_of(platform), platform.journal):
            answered = [status for status in post(caller, orders) if status]
        committed = kept(direct, orders).orders
    if answered or committed < len(orders) * 0.9:
        lost = len(orders) - len(answered)
        check.inconclusive(f"{lost} of {len(orders)} answers lost, {committed} orders committed")
    with check.oracle():
        retried = post_until_answered(caller, orders)
        result = kept(direct, orders)
        reused = post(caller, [with_other_body(order) for order in orders[:REUSED_KEYS]])
        foreign = kept(direct, orders).orders - result.orders
    unrefused = sum(status not in REFUSED_OTHER_BODY for status in reused)
    failed = sum(status == 500 or 400 <= status < 500 for status in retried)
    broke = any((result.duplicates, failed, unrefused, foreign))
    if not broke and not all(httpx.codes.is_success(status) for status in retried):
        check.inconclusive("the platform was too busy to answer the retries")
    check.judge(
        broke=broke or result.missing > 0,
        measured=(
            f"{len(orders)} orders sent twice under the same key gave {result.orders} "
            f"({result.duplicates} duplicates, {result.missing} missing), {failed} retries failed; "
            f"{unrefused} of {REUSED_KEYS} keys accepted for another order"
        ),
        threshold=f"exactly {len(orders)} orders, 0 retries failed, 0 keys accepted for another",
        evidence={"answers lost": len(orders), "committed before the retry": committed},
    )


@pytest.mark.check(
    id="legacy-resends",
    risk="integrations",
    examines=["idempotency"],
    title="A feed that repeats and reorders messages gives the right visits",
)
def test_a_repeated_and_reordered_feed_gives_the_same_visits(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Every message arrives three times, and discharges come before admissions."""
    ward, run = client(), uuid4().hex[:8]
    host, _, port = platform.edge("ehr-hub").listen.rpartition(":")
    in_order = stays(VISITS, f"C{run}", "riverside")
    disordered = stays(VISITS, f"R{run}", "riverside")
    with check.control():
        answers = deliver([message for stay in in_order for message in stay], host, int(port))
        assert {answer.code for answer in answers} == {"AA"}, "the feed in order was refused"
        expected = [visit_state(ward, stay[0].visit) for stay in in_order]
        assert all(expected), "a visit of the feed in order is unknown"
    with check.stressor():
        messages = resends(disordered, COPIES, platform.seed)
        early = early_discharges(messages)
        assert early, "no discharge comes before its admission; use another seed"
        codes = [answer.code for answer in deliver(messages, host, int(port))]
    with check.oracle():
        actual = [visit_state(ward, stay[0].visit) for stay in disordered]
    wrong = [(e, a) for e, a in zip(expected, actual, strict=True) if e != a]
    check.judge(
        broke=bool(wrong),
        measured=f"{len(wrong)} of {VISITS} visits differ from delivery once and in order",
        threshold="0 visits differ",
        evidence={
            "messages": len(messages),
            "discharges before admission": early,
            "refused": len(codes) - codes.count("AA"),
            "examples": [{"in order": e, "resent": a} for e, a in wrong[:3]],
        },
    )
