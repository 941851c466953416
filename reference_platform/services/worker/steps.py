"""The steps of a referral: appointment, eligibility, order to the EHR, text message.

Everything that a step sends carries the referral's id, so that what arrives twice can be told.
"""

from __future__ import annotations

import orjson

from reference_platform.database import Database
from reference_platform.database.connection import Connection
from reference_platform.decisions.async_workflows import HopelessError, Referral
from reference_platform.decisions.concurrency_control import Booking, ConcurrencyControl
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream, Reply
from reference_platform.services.worker.lane import NO_DEADLINE
from reference_platform.services.worker.text_messages import TextMessages, require_success

_CONFLICT = 409
_UNKNOWN = 404


class AppointmentStep:
    """The slot is the patient's; the appointment has the referral's id."""

    name = "appointment"

    def __init__(self, database: Database, concurrency: ConcurrencyControl) -> None:
        self._database = database
        self._concurrency = concurrency

    async def do(self, referral: Referral) -> None:
        """Book, unless it is booked; HopelessError when somebody else has the slot."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            if await self._going_back(connection, referral):
                raise HopelessError("appointment: the referral is being taken back.")
            if await self._booked(connection, referral):
                return
            await self._book(connection, referral)
            await _mark(connection, referral.slot, "booked")

    async def undo(self, referral: Referral) -> None:
        """Cancel it and free the slot, in one transaction."""
        async with self._database.transaction(referral.tenant, NO_DEADLINE) as connection:
            cancelled = await connection.fetchval(
                "DELETE FROM appointments WHERE id = $1 RETURNING 1", referral.id
            )
            if cancelled:
                await _mark(connection, referral.slot, "free")

    async def _going_back(self, connection: Connection, referral: Referral) -> bool:
        """Locks the referral: a worker whose lease is over books nothing after the turn."""
        status: str | None = await connection.fetchval(
            "SELECT status FROM referrals WHERE id = $1 FOR UPDATE", referral.id
        )
        return status == "compensating"

    async def _booked(self, connection: Connection, referral: Referral) -> bool:
        known = await connection.fetchval("SELECT 1 FROM appointments WHERE id = $1", referral.id)
        return known is not None

    async def _book(self, connection: Connection, referral: Referral) -> None:
        booking = Booking(referral.tenant, referral.id, referral.slot, referral.patient)
        try:
            await self._concurrency.book(connection, booking)
        except Refusal as refusal:
            if refusal.status == _CONFLICT:
                raise HopelessError(refusal.diagnostics[0]) from None
            raise


async def _mark(connection: Connection, slot: str, status: str) -> None:
    await connection.execute("UPDATE slots SET status = $2 WHERE id = $1", slot, status)


class EligibilityStep:
    """The payer pays for this member."""

    name = "eligibility"

    def __init__(self, hub: Downstream) -> None:
        self._hub = hub

    async def do(self, referral: Referral) -> None:
        """Ask; HopelessError when the payer does not."""
        question = {"patient": referral.patient, "payer": referral.payer, "member": referral.member}
        reply = await ask(self._hub, "/v1/eligibility", referral, question)
        require_success("hub", reply)
        if orjson.loads(reply.body)["status"] != "active":
            raise HopelessError("eligibility: the payer does not insure this member.")

    async def undo(self, referral: Referral) -> None:
        """A question has no effect."""


class EhrOrderStep:
    """The legacy EHR knows of it."""

    name = "ehr_order"

    def __init__(self, hub: Downstream) -> None:
        self._hub = hub

    async def do(self, referral: Referral) -> None:
        """Order under the referral's id."""
        order = {"patient": referral.patient, "code": referral.specialty}
        require_success("hub", await ask(self._hub, "/v1/lab-requests", referral, order))

    async def undo(self, referral: Referral) -> None:
        """Cancel what was ordered under the referral's id, if anything was."""
        target = f"/v1/lab-requests/{referral.id}/cancellation"
        reply = await ask(self._hub, target, referral, {"patient": referral.patient})
        if reply.status != _UNKNOWN:
            require_success("hub", reply)


class NotificationStep:
    """The patient knows of it."""

    name = "notification"

    def __init__(self, messages: TextMessages) -> None:
        self._messages = messages

    async def do(self, referral: Referral) -> None:
        """Tell the patient."""
        await self._send(referral, f"{referral.id}-made", "An appointment was made for you.")

    async def undo(self, referral: Referral) -> None:
        """Tell the patient that it is cancelled; who is never reached was never told."""
        text = "The appointment that was made for you is cancelled."
        try:
            await self._send(referral, f"{referral.id}-cancelled", text)
        except HopelessError:
            return

    async def _send(self, referral: Referral, key: str, text: str) -> None:
        await self._messages.send(key, referral.patient, text)


async def ask(hub: Downstream, target: str, referral: Referral, content: object) -> Reply:
    """POST to the hub on behalf of the referral, under its id as Idempotency-Key."""
    who = Identity(referral.tenant, "system", "worker")
    headers = who.header() | {"Idempotency-Key": referral.id}
    return await hub.send("POST", target, NO_DEADLINE, headers, orjson.dumps(content))
