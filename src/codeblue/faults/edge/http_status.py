"""HTTP status: every request is answered with an error that the dependency never gave."""

from __future__ import annotations

from dataclasses import dataclass

from codeblue.faults.edge.toxic_fault import Poison, ToxicFault

LOWEST, HIGHEST = 200, 599


@dataclass(frozen=True)
class HttpStatus(ToxicFault):
    """The edge itself answers HTTP/1.1 requests with `status`; the dependency sees none of them."""

    status: int = 503

    type = "http-status"

    def poisons(self) -> tuple[Poison, ...]:
        """An answer to what comes on the way there."""
        return (Poison("http_status", "upstream", {"status": self.status}),)

    def wrong(self) -> str | None:
        """Only a final status ends a request."""
        if not LOWEST <= self.status <= HIGHEST:
            return f"status is {self.status}. Give {LOWEST} to {HIGHEST}"
        return None
