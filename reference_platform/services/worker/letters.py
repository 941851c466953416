"""Discharge letters: accepted while somebody waits, written and announced afterwards."""

from __future__ import annotations

import textwrap

import orjson
from starlette.responses import Response

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.decisions.queue_processing import Job
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.worker.acceptance import accepted, once
from reference_platform.services.worker.lane import Lane, Record, at_once
from reference_platform.services.worker.text_messages import TextMessages

KIND = "letter"
_WIDTH = 4  # letters at a time
_COLUMNS, _LINES = 72, 60  # of a page


class Letters:
    """Letters by their ids."""

    def __init__(self, inner: Stored, messages: TextMessages) -> None:
        self._inner = inner
        self._queue = inner.decisions.queue_processing
        self._work = LetterWork(messages)
        self.lane = Lane(inner, KIND, self._work, _WIDTH)

    async def discharge(self, call: Call) -> Response:
        """`POST /v1/discharges`."""
        new: list[Job] = []

        async def create(connection: Connection) -> bytes:
            new.append(await self._accept(connection, call))
            return _letter(new[0].id, "queued")

        content = await once(self._inner, call, create)
        for job in new:
            self._queue.accepted(job, at_once(self._work, self._inner.database))
        self.lane.wake()
        return accepted(content, f"/v1/letters/{orjson.loads(content)['id']}")

    async def _accept(self, connection: Connection, call: Call) -> Job:
        wanted = call.json()
        patient, visit = str(wanted.get("patient")), wanted.get("visit")
        await require_patient(connection, patient)
        job = Job(call.tenant, new_id(), KIND, wanted)
        await connection.execute(
            "INSERT INTO letters (tenant, id, patient, visit, created) VALUES ($1, $2, $3, $4, $5)",
            job.tenant, job.id, patient, None if visit is None else str(visit),
            self._inner.settings.clock.now(),
        )  # fmt: skip
        await self._queue.accept(connection, job)
        return job

    async def read(self, call: Call) -> Response:
        """`GET /v1/letters/{id}`."""
        async with self._inner.transaction(call) as connection:
            status = await connection.fetchval(
                "SELECT status FROM letters WHERE id = $1", call.path["id"]
            )
        if status is None:
            raise Refusal(404, "Letter: nothing has this id.")
        return answer(_letter(call.path["id"], status))


class LetterWork:
    """Write a letter, and tell its patient."""

    attempts = 40

    def __init__(self, messages: TextMessages) -> None:
        self._messages = messages

    async def perform(self, job: Job) -> Record:
        """Render, announce; the letter itself is kept when the job ends."""
        patient = str(job.payload.get("patient"))
        content = render(patient, str(job.payload.get("summary")))
        await self._messages.send(job.id, patient, "A letter is ready for you.")

        async def record(connection: Connection) -> None:
            await connection.execute(
                "UPDATE letters SET status = 'done', content = $2 WHERE id = $1", job.id, content
            )

        return record

    async def give_up(self, connection: Connection, job: Job) -> None:
        """The letter has failed."""
        await connection.execute("UPDATE letters SET status = 'failed' WHERE id = $1", job.id)


def render(patient: str, summary: str) -> str:
    """The letter as text in pages, with a form feed between two."""
    head = f"Discharge letter\nPatient {patient}\n"
    paragraphs = [textwrap.fill(part, _COLUMNS) for part in summary.splitlines()]
    lines = "\n".join([head, *paragraphs]).split("\n")
    pages = ["\n".join(lines[start : start + _LINES]) for start in range(0, len(lines), _LINES)]
    return "\f".join(pages)


def _letter(letter: str, status: str) -> bytes:
    return orjson.dumps({"id": letter, "status": status})
