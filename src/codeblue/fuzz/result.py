"""What a fuzzing run found, in a form that crosses a process boundary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["server error", "response schema", "content type", "authentication ignored"]


@dataclass(frozen=True)
class Finding:
    """One way in which one operation answered wrongly.

    ``reproduce`` is a shell command; it reads the address and the token from ``BASE_URL`` and
    ``TOKEN``, and holds generated data and ids of synthetic patients only.
    """

    operation: str
    kind: Kind
    detail: str
    reproduce: str


@dataclass(frozen=True)
class FuzzResult:
    """Counts of one fuzzing run, and its findings, at most one for each operation and detail.

    ``operations`` counts those that were called, ``operations_with_2xx`` those of them that require
    credentials and accepted at least one request that carried them: without any, the run has only
    seen refusals.
    """

    operations: int
    operations_with_2xx: int
    requests: int
    unanswered: int
    findings: tuple[Finding, ...]

    @property
    def conclusive(self) -> bool:
        """Whether anything was fuzzed beyond the refusal of strangers."""
        return self.operations_with_2xx > 0

    def as_json(self) -> dict[str, Any]:
        """A JSON object that ``from_json`` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> FuzzResult:
        """The result that ``as_json`` wrote."""
        findings = tuple(Finding(**finding) for finding in stored["findings"])
        return cls(**{**stored, "findings": findings})
