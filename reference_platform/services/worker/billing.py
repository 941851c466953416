"""Billing runs: every open account of a hospital, billed at night."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.decisions.queue_processing import Job
from reference_platform.decisions.workload_separation import WorkloadSeparation
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.worker.acceptance import accepted
from reference_platform.services.worker.lane import Lane, Record, at_once
from reference_platform.services.worker.ledger import AccountLedger

KIND = "billing"
_WIDTH = 1  # two runs at a time would bill nothing sooner


class Billing:
    """Billing runs by their ids."""

    def __init__(self, inner: Stored, database: Database) -> None:
        self._inner = inner
        self._database = database
        self._separation = inner.decisions.workload_separation
        self._work = BillingWork(self._separation, database)
        self.lane = Lane(inner, KIND, self._work, _WIDTH)

    async def start(self, call: Call) -> Response:
        """`POST /v1/billing-runs`."""
        job = Job(call.tenant, new_id(), KIND, {})
        async with self._inner.transaction(call) as connection:
            await connection.execute(
                "INSERT INTO billing_runs (tenant, id) VALUES ($1, $2)", job.tenant, job.id
            )
            await self._separation.accept(connection, job)
        self._separation.accepted(job, at_once(self._work, self._database))
        self.lane.wake()
        return accepted(_run(job.id, "running", 0, 0), f"/v1/billing-runs/{job.id}")

    async def read(self, call: Call) -> Response:
        """`GET /v1/billing-runs/{id}`: in one statement, so as of one moment."""
        run = call.path["id"]
        async with self._database.transaction(call.tenant, call.deadline) as connection:
            row = await connection.fetchrow(
                "SELECT status, (SELECT COALESCE(sum(amount), 0)::bigint FROM invoices "
                "WHERE run = $1), (SELECT count(*) FROM invoices WHERE run = $1) "
                "FROM billing_runs WHERE id = $1",
                run,
            )
        if row is None:
            raise Refusal(404, "BillingRun: nothing has this id.")
        return answer(_run(run, *row))


class BillingWork:
    """Bill what is open, then close the run."""

    attempts = 40

    def __init__(self, separation: WorkloadSeparation, database: Database) -> None:
        self._separation = separation
        self._database = database

    async def perform(self, job: Job) -> Record:
        """Go on with what is not billed yet."""
        await self._separation.bill(AccountLedger(self._database, job.tenant, job.id))
        return lambda connection: _close(connection, job, "done")

    async def give_up(self, connection: Connection, job: Job) -> None:
        """What was billed stays billed; the rest waits for the next run."""
        await _close(connection, job, "failed")


async def _close(connection: Connection, job: Job, status: str) -> None:
    await connection.execute("UPDATE billing_runs SET status = $2 WHERE id = $1", job.id, status)


def _run(run: str, status: str, billed: int, accounts: int) -> bytes:
    return orjson.dumps({"id": run, "status": status, "billed": billed, "accounts": accounts})
