"""worker: what need not be done while somebody waits: letters, referrals, batches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI

from reference_platform.database import Database
from reference_platform.decisions.async_workflows import Step
from reference_platform.profiles import Profile
from reference_platform.services.inner import Stored
from reference_platform.services.worker.billing import Billing
from reference_platform.services.worker.depth import QueueDepth
from reference_platform.services.worker.exports import Exports
from reference_platform.services.worker.lane import Lane
from reference_platform.services.worker.letters import Letters
from reference_platform.services.worker.referrals import Referrals
from reference_platform.services.worker.retention import Retention
from reference_platform.services.worker.steps import (
    AppointmentStep,
    EhrOrderStep,
    EligibilityStep,
    NotificationStep,
)
from reference_platform.services.worker.text_messages import TextMessages
from reference_platform.settings import Settings

_BATCH_CONNECTIONS = 2


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the worker; its lifespan also works on the queue."""
    inner = Stored("worker", settings, profile)
    messages = TextMessages(inner.downstream("sms"))
    letters = Letters(inner, messages)
    referrals = Referrals(inner, _steps(inner, messages))
    billing = Billing(inner, _batches(inner))
    inner.holds(_working(inner, [letters.lane, referrals.lane, billing.lane]))
    inner.route("/v1/discharges", POST=letters.discharge)
    inner.route("/v1/letters/{id}", GET=letters.read)
    inner.route("/v1/referrals", POST=referrals.refer)
    inner.route("/v1/referrals/{id}", GET=referrals.read)
    inner.route("/v1/billing-runs", POST=billing.start)
    inner.route("/v1/billing-runs/{id}", GET=billing.read)
    exports = Exports(inner)
    retention = Retention(inner, exports)
    inner.holds(retention.watching())
    inner.route("/v1/retention-runs", POST=retention.run)
    inner.route("/v1/patients/{id}/legal-hold", POST=retention.hold)
    inner.route("/v1/patients/{id}/erasure", POST=retention.erase)
    inner.route("/v1/exports", POST=exports.create)
    inner.route("/v1/exports/{id}", GET=exports.read)
    return inner.application()


def _steps(inner: Stored, messages: TextMessages) -> Sequence[Step]:
    hub = inner.downstream("hub")
    return [
        AppointmentStep(inner.database, inner.decisions.concurrency_control),
        EligibilityStep(hub),
        EhrOrderStep(hub),
        NotificationStep(messages),
    ]


def _batches(inner: Stored) -> Database:
    """The connections of batches, as decided."""

    def own() -> Database:
        database = Database(
            inner.settings,
            inner.name,
            inner.decisions.tenant_isolation,
            inner.decisions.timeouts_deadlines,
            inner.decisions.crash_recovery,
            size=_BATCH_CONNECTIONS,
            purpose="batches",
        )
        inner.holds(database)
        return database

    return inner.decisions.workload_separation.pool(inner.database, own)


@asynccontextmanager
async def _working(inner: Stored, lanes: Sequence[Lane]) -> AsyncIterator[None]:
    """Keep the lanes running; what they were doing when it ends, others take over."""
    keep = inner.decisions.crash_recovery.keep
    depth = QueueDepth(inner, [lane.kind for lane in lanes])
    runs = {"queue depth": depth.run, **{lane.kind: lane.run for lane in lanes}}
    loops = [asyncio.create_task(keep(name, run)) for name, run in runs.items()]
    try:
        yield
    finally:
        for loop in loops:
            loop.cancel()
        await asyncio.gather(*loops, *(lane.end() for lane in lanes), return_exceptions=True)
