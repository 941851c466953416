"""Retention: what is past its maximum goes, what is asked to go goes, what is held stays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import orjson
import structlog
from starlette.responses import Response
from valkey.asyncio import Valkey
from valkey.exceptions import ValkeyError

from reference_platform import audit, tracing
from reference_platform.audit.event import instant
from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.worker.exports import Exports

_AT_ONCE = 20
_HOUR = 3600.0
_GLANCE = 1.0  # seconds between two looks at the clock
_PATIENCE = 30.0  # seconds for a periodic run
_CACHE_SECONDS = 1.0
_SYSTEM = "retention"
_log = structlog.get_logger("reference_platform")


class Retention:
    """Runs, erasures and legal holds."""

    def __init__(self, inner: Stored, exports: Exports) -> None:
        self._inner = inner
        self._exports = exports
        self._model = inner.decisions.retention_model
        self._clock = inner.settings.clock
        self._cache_url = inner.settings.cache_url(inner.name)

    async def hold(self, call: Call) -> Response:
        """`POST /v1/patients/{id}/legal-hold`."""
        wanted, patient = call.json(), call.path["id"]
        since = self._clock.now()
        async with self._inner.transaction(call) as connection:
            await require_patient(connection, patient)
            await connection.execute(
                "INSERT INTO legal_holds (tenant, patient, active, reason, since) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (patient, tenant) DO UPDATE SET "
                "active = excluded.active, reason = excluded.reason, since = excluded.since",
                call.tenant, patient, bool(wanted.get("active")), str(wanted.get("reason")), since,
            )  # fmt: skip
        told = {"patient": patient, "since": instant(self._clock), **wanted}
        return answer(orjson.dumps(told))

    async def erase(self, call: Call) -> Response:
        """`POST /v1/patients/{id}/erasure`; asked again, it answers with the same proof."""
        patient, reason = call.path["id"], str(call.json().get("reason"))
        async with self._inner.transaction(call) as connection:
            if await self._model.held(connection, call.tenant, patient):
                raise Refusal(409, "Patient: under a legal hold. Lift it first.")
            if (proof := await _proof(connection, call.tenant, patient)) is None:
                proof = await self._erase(connection, call.who, patient, reason)
        await self._forget(patient)
        kept = [{"what": what, "reason": why} for what, why in self._model.kept().items()]
        return answer(orjson.dumps({"patient": patient, "kept": kept, **proof}))

    async def run(self, call: Call) -> Response:
        """`POST /v1/retention-runs`: the caller's own hospital."""
        told = await self._run(call.who, call.deadline)
        return answer(orjson.dumps(told), 201)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Run for every tenant whenever an hour has passed on the platform's clock."""
        keep = self._inner.decisions.crash_recovery.keep
        task = asyncio.create_task(keep(_SYSTEM, self._watch))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        last = self._clock.time()
        while True:
            await asyncio.sleep(_GLANCE)
            if self._clock.time() - last >= _HOUR:
                last = self._clock.time()
                for tenant in self._inner.settings.tenants:
                    await self._run_all(tenant)

    async def _run_all(self, tenant: str) -> None:
        """Until a run finds nothing more to do."""
        who = Identity(tenant, "system", _SYSTEM)
        while (await self._run(who, Deadline(None).within(_PATIENCE)))["patients"]:
            pass

    async def _run(self, who: Identity, deadline: Deadline) -> dict[str, object]:
        held, done = 0, []
        database, now = self._inner.database, self._clock.now()
        async with database.transaction(who.tenant, deadline) as connection:
            due = await self._model.expired(connection, who.tenant, now, _AT_ONCE)
            for patient in due:
                if await self._model.held(connection, who.tenant, patient):
                    held += 1
                    continue
                done.append(await self._erase(connection, who, patient, "past its maximum"))
            await self._expire_exports(connection, who.tenant)
        for patient in due:
            await self._forget(patient)
        return {
            "id": new_id(),
            "recorded": instant(self._clock),
            "erased": _sum(done),
            "patients": len(done),
            "held": held,
        }

    async def _expire_exports(self, connection: Connection, tenant: str) -> None:
        if (days := self._model.export_days()) is not None:
            before = self._clock.now() - timedelta(days=days)
            await self._exports.expire(connection, tenant, before)

    async def _erase(
        self, connection: Connection, who: Identity, patient: str, reason: str
    ) -> dict[str, object]:
        """Erase, prove it, and put it on record."""
        counts = dict(await self._model.erase(connection, who.tenant, patient))
        recorded = self._clock.now()
        told = orjson.dumps(counts, option=orjson.OPT_SORT_KEYS).decode()
        proof = new_id()
        digest = hashlib.sha256(f"{proof}\n{recorded.isoformat()}\n{told}".encode()).hexdigest()
        await connection.execute(
            "INSERT INTO erasures (tenant, id, person, recorded, reason, counts, digest) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            who.tenant, proof, _person(patient), recorded, reason, told, digest,
        )  # fmt: skip
        if who.subject == _SYSTEM:  # what is asked through the gateway is on record there
            await audit.record(connection, self._inner.decisions, self._event(who, patient))
        moment = recorded.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"erased": counts, "proof": proof, "recorded": moment, "digest": digest}

    def _event(self, who: Identity, patient: str) -> audit.Event:
        return audit.Event(
            id=new_id(),
            recorded=instant(self._clock),
            tenant=who.tenant,
            subject=who.subject,
            role=who.role,
            operation="expirePatient",
            action="D",
            kind="erasure",
            interaction="delete",
            purpose="HCOMPL",
            patients=(patient,),
            status=200,
            source="worker",
            trace=tracing.trace_id(),
        )

    async def _forget(self, patient: str) -> None:
        """What is cached about the patient. Entries live for minutes, even if the cache is away."""
        client = Valkey.from_url(
            self._cache_url, socket_timeout=_CACHE_SECONDS, socket_connect_timeout=_CACHE_SECONDS
        )
        try:
            async with asyncio.timeout(_CACHE_SECONDS):
                async for key in client.scan_iter(match=f"*{patient}*", count=1000):
                    await client.unlink(key)
        except (ValkeyError, OSError) as error:
            _log.warning("cache not cleared", error=type(error).__name__)
        finally:
            await client.aclose()


async def _proof(connection: Connection, tenant: str, patient: str) -> dict[str, object] | None:
    """Of an earlier erasure, if nothing came after it."""
    row = await connection.fetchrow(
        "SELECT id, recorded, counts, digest FROM erasures WHERE tenant = $1 AND person = $2 "
        "AND NOT EXISTS (SELECT 1 FROM resources WHERE id = $3 AND type = 'Patient') "
        "ORDER BY recorded LIMIT 1",
        tenant, _person(patient), patient,
    )  # fmt: skip
    if row is None:
        return None
    moment = row["recorded"].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "erased": orjson.loads(row["counts"]),
        "proof": row["id"],
        "recorded": moment,
        "digest": row["digest"],
    }


def _person(patient: str) -> str:
    return hashlib.sha256(patient.encode()).hexdigest()


def _sum(done: list[dict[str, object]]) -> Mapping[str, int]:
    total: dict[str, int] = {}
    for each in done:
        erased = each["erased"]
        if isinstance(erased, dict):
            for table, count in erased.items():
                total[table] = total.get(table, 0) + count
    return total
