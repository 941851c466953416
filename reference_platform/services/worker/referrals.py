"""Referrals: one request, four systems, and an end that everybody can see."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.decisions.async_workflows import (
    KIND,
    Referral,
    Step,
    advance,
)
from reference_platform.decisions.queue_processing import Job
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.worker.acceptance import accepted, once
from reference_platform.services.worker.journal import ReferralJournal, end, steps_of
from reference_platform.services.worker.lane import Lane, Record

PATIENCE = 15.0
"""Seconds for which a referral goes forward; a step that still fails then turns it back."""
_WIDTH = 8  # referrals at a time


class Referrals:
    """Referrals by their ids."""

    def __init__(self, inner: Stored, steps: Sequence[Step]) -> None:
        self._inner = inner
        self._workflows = inner.decisions.async_workflows
        self._steps = steps
        names = [step.name for step in steps]
        self._journal = ReferralJournal(inner.database, names, PATIENCE)
        self.lane = Lane(inner, KIND, ReferralWork(steps, self._journal), _WIDTH)

    async def refer(self, call: Call) -> Response:
        """`POST /v1/referrals`."""
        new: list[Referral] = []

        async def create(connection: Connection) -> bytes:
            new.append(await self._accept(connection, call))
            return self._begun(new[0].id)

        content = await once(self._inner, call, create)
        for referral in new:
            status = await self._workflows.accepted(referral, self._steps, self._journal)
            content = content if status == "accepted" else await self._content(call, referral.id)
        self.lane.wake()
        return accepted(content, f"/v1/referrals/{orjson.loads(content)['id']}")

    async def read(self, call: Call) -> Response:
        """`GET /v1/referrals/{id}`."""
        return answer(await self._content(call, call.path["id"]))

    async def _accept(self, connection: Connection, call: Call) -> Referral:
        wanted = call.json()
        texts = [str(wanted.get(n)) for n in ("patient", "slot", "specialty", "payer", "member")]
        referral = Referral(call.tenant, new_id(), *texts)
        await require_patient(connection, referral.patient)
        if await connection.fetchval("SELECT 1 FROM slots WHERE id = $1", referral.slot) is None:
            raise Refusal(404, "Slot: nothing has this id.")
        await self._workflows.accept(connection, referral, self._journal)
        return referral

    def _begun(self, referral: str) -> bytes:
        pending = [{"name": step.name, "state": "pending"} for step in self._steps]
        return orjson.dumps({"id": referral, "status": "accepted", "steps": pending})

    async def _content(self, call: Call, referral: str) -> bytes:
        async with self._inner.transaction(call) as connection:
            status = await connection.fetchval(
                "SELECT status FROM referrals WHERE id = $1", referral
            )
            steps = await steps_of(connection, referral)
        if status is None:
            raise Refusal(404, "Referral: nothing has this id.")
        shown = "accepted" if status == "compensating" else status
        states = [dict(step) for step in steps]
        return orjson.dumps({"id": referral, "status": shown, "steps": states})


class ReferralWork:
    """One attempt to bring a referral to its end."""

    attempts = 2000  # an hour: what was begun in four systems is not left half done

    def __init__(self, steps: Sequence[Step], journal: ReferralJournal) -> None:
        self._steps = steps
        self._journal = journal

    async def perform(self, job: Job) -> Record:
        """Go on from where the journal says that it stands."""
        status = await advance(Referral(**job.payload), self._steps, self._journal)

        async def record(connection: Connection) -> None:
            await end(connection, job.id, status)

        return record

    async def give_up(self, connection: Connection, job: Job) -> None:
        """Something is left that somebody has to take back by hand."""
        await end(connection, job.id, "failed")
