"""Switch 13, "Real variability": what happens when the same thing arrives again, or too late.

Without it a client that never saw the answer orders twice, and a feed that repeats or
reorders its messages admits a patient twice, or admits again one who has left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass
from typing import Protocol

import orjson

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal
from reference_platform.visits import Visit, VisitEvent, fold


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that may be the repetition of an earlier one."""

    tenant: str
    key: str | None
    route: str
    body: bytes

    def digest(self) -> str:
        """The same for the same route and the same JSON, however it is spelled."""
        canonical = orjson.dumps(orjson.loads(self.body), option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(self.route.encode() + b"\n" + canonical).hexdigest()


class Idempotency(Protocol):
    """Requests and messages that come more than once."""

    async def once(
        self, connection: Connection, attempt: Attempt, act: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """The answer of `act`; Refusal 422 when the key was used for something else."""
        ...

    async def receive(self, connection: Connection, event: VisitEvent) -> None:
        """Let `event` happen to its visit."""
        ...


class Pilot:
    """Whatever arrives is new, and later than what arrived before."""

    async def once(
        self,
        connection: Connection,  # noqa: ARG002
        attempt: Attempt,  # noqa: ARG002
        act: Callable[[], Awaitable[bytes]],
    ) -> bytes:
        """Act, whatever the key."""
        return await act()

    async def receive(self, connection: Connection, event: VisitEvent) -> None:
        """Change the visit as it stands."""
        row = await connection.fetchrow(
            "SELECT patient, status, ward, admissions, events FROM visits "
            "WHERE visit = $1 AND tenant = $2",
            event.visit, event.tenant,
        )  # fmt: skip
        visit = Visit(*row) if row else Visit()
        await _store(connection, event, visit.after(event))


class Production:
    """The key and the answer are stored together; messages are told apart, and put in order."""

    async def once(
        self, connection: Connection, attempt: Attempt, act: Callable[[], Awaitable[bytes]]
    ) -> bytes:
        """Act in the transaction that stores the key, or repeat the answer stored with it."""
        if attempt.key is None:
            return await act()
        digest = attempt.digest()
        claimed = await connection.fetchval(
            "INSERT INTO idempotency_keys (tenant, key, digest) VALUES ($1, $2, $3) "
            "ON CONFLICT DO NOTHING RETURNING 1",
            attempt.tenant, attempt.key, digest,
        )  # fmt: skip
        if not claimed:
            return await _stored(connection, attempt, digest)
        answer = await act()
        await connection.execute(
            "UPDATE idempotency_keys SET result = $3 WHERE tenant = $1 AND key = $2",
            attempt.tenant, attempt.key, answer.decode(),
        )  # fmt: skip
        return answer

    async def receive(self, connection: Connection, event: VisitEvent) -> None:
        """Keep the event unless it is known, then tell the visit from all of its events."""
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{event.tenant}/{event.visit}"
        )
        new = await connection.fetchval(
            "INSERT INTO visit_events "
            "(tenant, sender, control_id, visit, trigger, occurred, patient, ward) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING 1",
            *astuple(event),
        )
        if new:
            rows = await connection.fetch(
                "SELECT tenant, sender, control_id, visit, trigger, occurred, patient, ward "
                "FROM visit_events WHERE visit = $1 AND tenant = $2",
                event.visit, event.tenant,
            )  # fmt: skip
            await _store(connection, event, fold(VisitEvent(*row) for row in rows))


async def _stored(connection: Connection, attempt: Attempt, digest: str) -> bytes:
    row = await connection.fetchrow(
        "SELECT digest, result FROM idempotency_keys WHERE tenant = $1 AND key = $2",
        attempt.tenant, attempt.key,
    )  # fmt: skip
    if row["digest"] != digest:
        raise Refusal(422, "Idempotency-Key: used for another request. Take a new key.")
    return str(row["result"]).encode()


async def _store(connection: Connection, event: VisitEvent, visit: Visit) -> None:
    await connection.execute(
        "INSERT INTO visits (tenant, visit, patient, status, ward, admissions, events) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (visit, tenant) DO UPDATE SET "
        "patient = excluded.patient, status = excluded.status, ward = excluded.ward, "
        "admissions = excluded.admissions, events = excluded.events",
        event.tenant, event.visit, *astuple(visit),
    )  # fmt: skip
