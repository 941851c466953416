"""Switch 30, "Highly sensitive patient data management": what telemetry may say about anybody.

Without it names and birth dates spread from requests into logs, traces and error answers, where
nobody guards them, nobody audits who reads them, and no erasure finds them.
"""

from __future__ import annotations

import hmac
import traceback
from collections.abc import Mapping
from typing import Any, Protocol

from starlette.types import Message, Receive, Scope

_ALLOWED = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "service",
        "edge",
        "method",
        "route",
        "status",
        "seconds",
        "error",
        "stack",
        "tenant",
        "trace_id",
        "state",
        "attempt",
        "count",
        "job",
        "kind",
        "reason_code",
    ]
)
"""Names of log fields whose values are the platform's own words."""
_DIGITS = 16


class PhiSafeTelemetry(Protocol):
    """What goes into logs, spans and the answers to requests that failed."""

    def fields(self, facts: Mapping[str, Any], key: str) -> dict[str, Any]:
        """What of `facts` a log line may hold; `key` is the secret behind pseudonyms."""
        ...

    def request(self, scope: Scope) -> dict[str, str]:
        """What a span or a log line says about the request, besides method and route."""
        ...

    def overhear(self, receive: Receive) -> tuple[Receive, bytearray]:
        """A `receive`, and what will have been read through it, as far as it is kept."""
        ...

    def failure(self, error: BaseException) -> str:
        """What a client is told about an unexpected error."""
        ...

    def stack(self, error: BaseException) -> str:
        """What the log is told about where an error came from."""
        ...


class Pilot:
    """Everything that might help to find a mistake."""

    def fields(self, facts: Mapping[str, Any], key: str) -> dict[str, Any]:  # noqa: ARG002
        """All of it."""
        return dict(facts)

    def request(self, scope: Scope) -> dict[str, str]:
        """The URL as it was asked."""
        query = scope["query_string"].decode("latin-1")
        return {"path": scope["path"], "query": query} if query else {"path": scope["path"]}

    def overhear(self, receive: Receive) -> tuple[Receive, bytearray]:
        """The whole body."""
        heard = bytearray()

        async def hearing() -> Message:
            message = await receive()
            heard.extend(message.get("body", b""))
            return message

        return hearing, heard

    def failure(self, error: BaseException) -> str:
        """The stack trace, values and all."""
        return "".join(traceback.format_exception(error))

    def stack(self, error: BaseException) -> str:
        """The same."""
        return self.failure(error)


class Production:
    """Only fields that are known to be harmless; whoever is named is named by a pseudonym."""

    def fields(self, facts: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Allowed fields as they are, named `ids` as pseudonyms, nothing else."""
        kept = {name: value for name, value in facts.items() if name in _ALLOWED}
        if (ids := facts.get("ids")) and isinstance(ids, Mapping):
            kept["ids"] = {name: pseudonym(str(value), key) for name, value in ids.items()}
        return kept

    def request(self, scope: Scope) -> dict[str, str]:  # noqa: ARG002
        """Nothing: path and query hold ids and names."""
        return {}

    def overhear(self, receive: Receive) -> tuple[Receive, bytearray]:
        """Nothing is kept."""
        return receive, bytearray()

    def failure(self, error: BaseException) -> str:  # noqa: ARG002
        """Nothing about the cause, which may name a patient."""
        return "The service failed."

    def stack(self, error: BaseException) -> str:
        """Places in the code; no message and no value."""
        frames = traceback.extract_tb(error.__traceback__)
        return " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))


def pseudonym(value: str, key: str) -> str:
    """The same for the same value within one platform, and nothing to anybody outside it."""
    return hmac.digest(key.encode(), value.encode(), "sha256").hex()[:_DIGITS]
