"""Switch 7, "Asynchronous workflows": how a referral gets through four systems.

Without it the caller waits for all of them, and when one fails the appointment exists, the rest
does not, and nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, Protocol

import structlog

from reference_platform.database.connection import Connection
from reference_platform.decisions import queue_processing
from reference_platform.decisions.queue_processing import Job
from reference_platform.outcomes import Refusal

KIND = "referral"
"""The kind of a referral's job."""
Status = Literal["accepted", "compensating", "completed", "compensated", "failed"]
State = Literal["pending", "running", "done", "failed", "compensated"]
_log = structlog.get_logger("reference_platform")


class HopelessError(Refusal):
    """A failure that trying again will not mend; to a caller that still waits, a conflict (409)."""

    def __init__(self, sentence: str) -> None:
        super().__init__(409, sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Referral:
    """A patient who is sent to a specialist."""

    tenant: str
    id: str
    patient: str
    slot: str
    specialty: str
    payer: str
    member: str


class Step(Protocol):
    """One system's part. Both methods may be asked again after they were answered, or were not."""

    name: str

    async def do(self, referral: Referral) -> None:
        """Have the effect once; HopelessError when it is refused for good."""
        ...

    async def undo(self, referral: Referral) -> None:
        """Take the effect back, if it was had."""
        ...


class Journal(Protocol):
    """What is known of a referral, kept where a crash does not reach it."""

    async def open(self, connection: Connection, referral: Referral) -> None:
        """Write it down as accepted, with every step pending."""
        ...

    async def close(self, referral: Referral) -> None:
        """Write it down as completed, with every step done."""
        ...

    async def read(self, referral: Referral) -> tuple[Status, Mapping[str, State]]:
        """Its status, and the states of its steps by their names."""
        ...

    async def late(self, referral: Referral) -> bool:
        """Whether the time is over within which its steps are tried."""
        ...

    async def step(self, referral: Referral, name: str, state: State) -> None:
        """Note a step's state."""
        ...

    async def turn(self, referral: Referral, name: str) -> None:
        """Note that step `name` failed, and that from now on everything is taken back."""
        ...


class AsyncWorkflows(Protocol):
    """A referral that has been asked for."""

    async def accept(self, connection: Connection, referral: Referral, journal: Journal) -> None:
        """Take it on, in the transaction that accepts it."""
        ...

    async def accepted(self, referral: Referral, steps: Sequence[Step], journal: Journal) -> Status:
        """Go on after the commit; returns how far it has come when the caller is answered."""
        ...


class Pilot:
    """One call after the other while the caller waits; noted down when all have succeeded."""

    async def accept(self, connection: Connection, referral: Referral, journal: Journal) -> None:
        """Nothing is kept."""

    async def accepted(self, referral: Referral, steps: Sequence[Step], journal: Journal) -> Status:
        """All of it. What a step raises is the caller's answer; the steps before it stay done."""
        for step in steps:
            await step.do(referral)
        await journal.close(referral)
        return "completed"


class Production:
    """A job in the queue that comes with the referral; `advance` is what the job does."""

    async def accept(self, connection: Connection, referral: Referral, journal: Journal) -> None:
        """Write it down, and queue it."""
        await journal.open(connection, referral)
        job = Job(referral.tenant, referral.id, KIND, asdict(referral))
        await queue_processing.put(connection, job)

    async def accepted(
        self,
        referral: Referral,  # noqa: ARG002
        steps: Sequence[Step],  # noqa: ARG002
        journal: Journal,  # noqa: ARG002
    ) -> Status:
        """Nothing more while the caller waits."""
        return "accepted"


async def advance(referral: Referral, steps: Sequence[Step], journal: Journal) -> Status:
    """Bring a saga to its end from wherever it stands: "completed", or "compensated".

    Raises what a step raised when it is to be asked again. A saga (Garcia-Molina and Salem, 1987)
    is a row of transactions, each of them with one that takes it back.
    """
    status, states = await journal.read(referral)
    if status == "accepted":
        if await _forward(referral, steps, journal, states):
            return "completed"
        status, states = await journal.read(referral)
    await _back(referral, steps, journal, states)
    return "compensated"


async def _forward(
    referral: Referral, steps: Sequence[Step], journal: Journal, states: Mapping[str, State]
) -> bool:
    """Whether every step is done; False when it is time to turn back."""
    for step in steps:
        if states[step.name] == "done":
            continue
        await journal.step(referral, step.name, "running")
        try:
            await step.do(referral)
        except Exception as error:
            if not isinstance(error, HopelessError) and not await journal.late(referral):
                raise
            _log.warning("referral turned back", step=step.name, error=type(error).__name__)
            await journal.turn(referral, step.name)
            return False
        await journal.step(referral, step.name, "done")
    return True


async def _back(
    referral: Referral, steps: Sequence[Step], journal: Journal, states: Mapping[str, State]
) -> None:
    """Undo in reverse order whatever may have had an effect: a lost answer is no proof of none.

    A step that cannot be undone now does not keep those before it; its error is raised at the end.
    """
    broken: Exception | None = None
    for step in reversed(steps):
        if states[step.name] in ("pending", "compensated"):
            continue
        try:
            await step.undo(referral)
        except Exception as error:  # noqa: BLE001 - raised below, when the others are undone
            broken = broken or error
        else:
            await journal.step(referral, step.name, "compensated")
    if broken:
        raise broken
