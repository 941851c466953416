"""Log lines: every module says `structlog.get_logger(...)`, the decisions say what comes out.

Which service speaks is a context variable, for tests run several platforms in one process.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import structlog

from reference_platform.decisions import Decisions
from reference_platform.decisions.phi_safe_telemetry import Production as Safe
from reference_platform.settings import Settings


class Voice:
    """How one service writes its log."""

    def __init__(self, service: str, settings: Settings, decisions: Decisions) -> None:
        self._service = service
        self._key = settings.telemetry_key
        self._observability = decisions.built_in_observability
        self._phi = decisions.phi_safe_telemetry

    def say(self, facts: MutableMapping[str, Any]) -> None:
        """Write what may be written of `facts`, in one line.

        A line that cannot be written, as when the disk is full, is lost: what it tells of goes on.
        """
        told = {"service": self._service, **facts}
        with suppress(OSError):
            self._observability.write(self._phi.fields(told, self._key))

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Inside, and in tasks that start inside, log lines are this service's."""
        token = _SPEAKER.set(self)
        try:
            yield
        finally:
            _SPEAKER.reset(token)


_SPEAKER: ContextVar[Voice | None] = ContextVar("speaker", default=None)


def _spoken(_logger: object, _method: str, facts: MutableMapping[str, Any]) -> str:
    """The last processor: the service that speaks writes the line, and nobody else does."""
    speaker = _SPEAKER.get()
    if speaker is None:
        return str(Safe().fields(facts, ""))
    speaker.say(facts)
    raise structlog.DropEvent


structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _spoken,
    ],
)
