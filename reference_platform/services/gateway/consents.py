"""What patients have refused: asked of records, and remembered for a few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson

from reference_platform.clock import Clock
from reference_platform.decisions.object_scopes import ObjectScopes
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.downstream import Downstream

FRESH = 5.0
"""Seconds for which an answer, also an empty one, is good."""
TRUSTED = 60.0
"""Seconds for which it is used when records cannot be asked."""
_PAUSE = 1.0  # seconds until records is asked again after it was not there
_REMEMBERED = 20_000
Provisions = list[Mapping[str, Any]]


@dataclass(slots=True)
class _Memory:
    """What was looked up since somebody last changed a Consent, and what is being looked up.

    Whoever began to ask stays with the memory that was there: what comes in belongs to it.
    """

    known: dict[tuple[str, str], tuple[float, Provisions]] = field(default_factory=dict)
    asking: dict[tuple[str, ...], asyncio.Task[None]] = field(default_factory=dict)

    def age(self, tenant: str, patient: str, now: float) -> float:
        """Seconds since a look-up began that told about this patient."""
        known = self.known.get((tenant, patient))
        return now - known[0] if known else float("inf")


class Consents:
    """The active provisions of patients' Consents, by tenant and patient."""

    def __init__(self, records: Downstream, scopes: ObjectScopes, clock: Clock) -> None:
        self._records = records
        self._scopes = scopes
        self._clock = clock
        self._memory = _Memory()
        self._asked_in_vain = float("-inf")

    async def denied(
        self, who: Identity, patients: Collection[str], kinds: Iterable[str], deadline: Deadline
    ) -> set[tuple[str, str]]:
        """The (patient, kind) that are kept from `who`; Refusal 503 when that cannot be known."""
        if not patients:
            return set()
        provisions = await self._provisions(who, patients, deadline)
        if not any(provisions.values()):
            return set()
        now = self._clock.now()
        return {
            (patient, kind)
            for kind in kinds
            for patient in patients
            if self._scopes.denied(who, provisions[patient], kind, now)
        }

    def forget(self) -> None:
        """Look up anew for all who ask from now on: a Consent has changed, or too much is known."""
        self._memory = _Memory()

    async def _provisions(
        self, who: Identity, patients: Collection[str], deadline: Deadline
    ) -> dict[str, Provisions]:
        if len(self._memory.known) + len(patients) > _REMEMBERED:
            self.forget()
        memory = self._memory
        now = asyncio.get_running_loop().time()
        stale = [each for each in patients if memory.age(who.tenant, each, now) > FRESH]
        if stale and now - self._asked_in_vain > _PAUSE:
            try:
                await self._ask(memory, who, stale, deadline)
            except (Refusal, TimeoutError):
                self._asked_in_vain = now
        if any(memory.age(who.tenant, each, now) > TRUSTED for each in stale):
            sentence = "Consent: cannot be looked up. Ask again, or break the glass."
            raise Refusal(503, sentence, headers={"Retry-After": "1"})
        return {each: memory.known[who.tenant, each][1] for each in patients}

    async def _ask(
        self, memory: _Memory, who: Identity, patients: list[str], deadline: Deadline
    ) -> None:
        """Ask once for all who want to know the same at the same time."""
        key = (who.tenant, *sorted(patients))
        if key not in memory.asking:
            asking = asyncio.create_task(self._look_up(memory, who, patients, deadline))
            memory.asking[key] = asking
            asking.add_done_callback(lambda task: _asked(memory, key, task))
        await asyncio.shield(memory.asking[key])

    async def _look_up(
        self, memory: _Memory, who: Identity, patients: list[str], deadline: Deadline
    ) -> None:
        begun = asyncio.get_running_loop().time()
        target = f"/internal/consents?patient={quote(','.join(patients))}"
        reply = await self._records.send("GET", target, deadline, who.header())
        if reply.status != HTTPStatus.OK:
            raise Refusal(503, "records: no consents.")
        provisions: dict[str, Provisions] = orjson.loads(reply.body)["provisions"]
        for patient in patients:
            memory.known[who.tenant, patient] = begun, provisions.get(patient, [])


def _asked(memory: _Memory, key: tuple[str, ...], task: asyncio.Task[None]) -> None:
    del memory.asking[key]
    if not task.cancelled():
        task.exception()  # those who waited know; if nobody did, nobody has to
