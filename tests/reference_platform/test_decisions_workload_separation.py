from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import quantiles
from uuid import uuid4

import asyncpg
import pytest

from reference_platform.database import Database
from reference_platform.decisions import crash_recovery, tenant_isolation, timeouts_deadlines
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.decisions.workload_separation import Pilot, Production
from reference_platform.services.records.orders import charge
from reference_platform.services.worker.ledger import AccountLedger
from reference_platform.settings import Settings

NEVER = Deadline(None)
PRICE = 1250


class Hospital:
    """A tenant of its own, with its bedside and its ledger."""

    def __init__(self, database: Database) -> None:
        self.tenant = f"tenant-{uuid4().hex}"
        self._database = database
        self.charged = 0

    async def order(self, patient: str, quantity: int = 1) -> float:
        """Charge an order; returns the seconds that the bedside waited."""
        began = time.perf_counter()
        order = {"id": uuid4().hex, "patient": self._id(patient), "quantity": quantity}
        with suppress(asyncpg.LockNotAvailableError):  # it has waited for as long as it may
            async with self._database.transaction(self.tenant, NEVER) as connection:
                await charge(connection, self.tenant, order)
            self.charged += quantity * PRICE
        return time.perf_counter() - began

    def ledger(self, run: str) -> AccountLedger:
        return AccountLedger(self._database, self.tenant, f"{self.tenant}-{run}")

    async def sums(self) -> tuple[int, int, int, int]:
        """Open on accounts, unbilled charges, billed charges, invoices."""
        async with self._database.transaction(self.tenant, NEVER) as connection:
            row = await connection.fetchrow(
                "SELECT (SELECT COALESCE(sum(open), 0) FROM accounts)::bigint, "
                "COALESCE(sum(amount) FILTER (WHERE run IS NULL), 0)::bigint, "
                "COALESCE(sum(amount) FILTER (WHERE run IS NOT NULL), 0)::bigint, "
                "(SELECT COALESCE(sum(amount), 0) FROM invoices)::bigint FROM charges"
            )
        return (row[0], row[1], row[2], row[3])

    def _id(self, patient: str) -> str:
        return f"{self.tenant}-{patient}"


def with_hospital(settings: Settings, test: Callable[[Hospital], Awaitable[None]]) -> None:
    async def run() -> None:
        isolation, recovery = tenant_isolation.Production(), crash_recovery.Production()
        timeouts = timeouts_deadlines.Production()
        async with Database(settings, "worker", isolation, timeouts, recovery) as database:
            await test(Hospital(database))

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.parametrize("decision", [Pilot(), Production()])
def test_every_charge_is_billed_once(backing: Settings, decision: Pilot | Production) -> None:
    async def test(hospital: Hospital) -> None:
        for n in range(60):
            await hospital.order(f"p{n % 25:02}", 1 + n % 3)
        assert await hospital.sums() == (hospital.charged, hospital.charged, 0, 0)
        await decision.bill(hospital.ledger("first"))
        assert await hospital.sums() == (0, 0, hospital.charged, hospital.charged)
        await hospital.order("p00")
        await decision.bill(hospital.ledger("second"))
        await decision.bill(hospital.ledger("second"))
        assert await hospital.sums() == (0, 0, hospital.charged, hospital.charged)

    with_hospital(backing, test)


@pytest.mark.slow
def test_the_sums_agree_while_the_bedside_goes_on_and_two_runs_bill(backing: Settings) -> None:
    async def test(hospital: Hospital) -> None:
        for n in range(80):
            await hospital.order(f"p{n:02}")

        async def bedside() -> None:
            for n in range(80):
                await hospital.order(f"p{(7 * n) % 80:02}", 2)

        production = Production()
        await asyncio.gather(
            bedside(),
            production.bill(hospital.ledger("one")),
            production.bill(hospital.ledger("other")),
        )
        unpaid, unbilled, billed, invoiced = await hospital.sums()
        assert (unpaid, invoiced) == (unbilled, billed)
        assert unbilled + billed == hospital.charged
        await production.bill(hospital.ledger("last"))
        assert await hospital.sums() == (0, 0, hospital.charged, hospital.charged)

    with_hospital(backing, test)


@pytest.mark.slow
@pytest.mark.parametrize("decision", [Pilot(), Production()])
def test_a_run_that_dies_keeps_what_it_committed(
    backing: Settings, decision: Pilot | Production
) -> None:
    async def test(hospital: Hospital) -> None:
        for n in range(60):
            await hospital.order(f"p{n:02}")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await decision.bill(hospital.ledger("run"))
        unpaid, unbilled, billed, invoiced = await hospital.sums()
        assert (unpaid, invoiced) == (unbilled, billed)
        assert 0 < billed < hospital.charged if isinstance(decision, Production) else billed == 0
        await decision.bill(hospital.ledger("run"))
        assert await hospital.sums() == (0, 0, hospital.charged, hospital.charged)

    with_hospital(backing, test)


async def waits(hospital: Hospital, running: Callable[[], bool]) -> list[float]:
    seconds: list[float] = []
    while running() or len(seconds) < 30:
        seconds.append(await hospital.order(f"p{(7 * len(seconds)) % 200:03}"))
        await asyncio.sleep(0.005)
    return seconds


@pytest.mark.slow
def test_the_bedside_waits_for_the_pilot_and_not_for_production(backing: Settings) -> None:
    async def worst(hospital: Hospital, decision: Pilot | Production) -> tuple[float, float]:
        """The longest wait of the bedside, as a share of the run, and p95 over that before."""
        before = await waits(hospital, lambda: False)
        began = time.perf_counter()
        run = asyncio.create_task(decision.bill(hospital.ledger(type(decision).__name__)))
        await asyncio.sleep(0.03)
        during = await waits(hospital, lambda: not run.done())
        await run
        share = max(during) / (time.perf_counter() - began)
        return share, quantiles(during, n=20)[-1] / quantiles(before, n=20)[-1]

    async def test(hospital: Hospital) -> None:
        for n in range(200):
            await hospital.order(f"p{n:03}")
        brief, calm = await worst(hospital, Production())
        for n in range(200):
            await hospital.order(f"p{n:03}")
        long, frozen = await worst(hospital, Pilot())
        assert long > 3 * brief
        assert frozen > 5 * calm

    with_hospital(backing, test)
