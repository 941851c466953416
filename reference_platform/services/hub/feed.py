"""The ADT feed: HL7 v2 messages that arrive by MLLP, each of them acknowledged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from opentelemetry.trace import SpanKind

from reference_platform import mllp
from reference_platform.decisions.quarantine_dlq import UNAVAILABLE
from reference_platform.dialects import Problem
from reference_platform.dialects.header import Header, traceparent
from reference_platform.services.hub import er7
from reference_platform.services.hub.intake import Intake
from reference_platform.services.inner import Stored

_log = structlog.get_logger("reference_platform")


class Feed:
    """Takes events in, one transaction each; the sender is told AA only after the commit."""

    def __init__(self, inner: Stored, intake: Intake) -> None:
        self._settings = inner.settings
        self._timeouts = inner.decisions.timeouts_deadlines
        self._quarantine = inner.decisions.quarantine_dlq
        self._span = inner.decisions.built_in_observability.span
        self._intake = intake

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Serve MLLP on the port of the settings."""
        host, port = self._settings.host, self._settings.mllp_port
        server = await mllp.serve(host, port, self.handle, self._quarantine.limits)
        try:
            yield
        finally:
            server.close()

    async def handle(self, message: bytes) -> bytes:
        """The acknowledgement: AA stored, AE try again, AR never going to work as it is."""
        with self._span("MLLP", SpanKind.SERVER, traceparent(message)):
            return await self._answered(message)

    async def _answered(self, message: bytes) -> bytes:
        header = Header.of(message)
        try:
            problem = await self._take(message)
        except UNAVAILABLE as error:
            _log.warning("message not stored", error=type(error).__name__)
            return _acknowledge(header, "AE")
        if problem:
            _log.warning("message held", place=problem.place, code=problem.code.value)
            return _acknowledge(header, "AR", problem)
        return _acknowledge(header, "AA")

    async def _take(self, message: bytes) -> Problem | None:
        async def apply() -> None:
            deadline = self._timeouts.deadline(None)
            async with deadline.scope():
                await self._intake.apply(message, deadline)

        async def hold(problem: Problem) -> None:
            deadline = self._timeouts.deadline(None)
            async with deadline.scope():
                await self._intake.hold(message, problem, deadline)

        return await self._quarantine.guard(apply, hold)


def _acknowledge(header: Header, code: str, problem: Problem | None = None) -> bytes:
    about = header.control_id
    return er7.acknowledgement(code, header.application, header.facility, about, problem)
