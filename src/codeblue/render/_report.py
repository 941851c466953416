"""The result of a run in the shape that other programs read."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codeblue.verdict import ExitCode, Verdict


@dataclass(frozen=True)
class CheckResult:
    """What one check came to: which engineering decisions it examines, and what it measured."""

    id: str
    risk: str
    examines: tuple[str, ...]
    verdict: Verdict
    measured: str
    threshold: str
    seconds: float


@dataclass(frozen=True)
class Report:
    """What a run came to; ``report`` is the page that shows it, ``seconds`` its wall time."""

    run: str
    profile: str | None
    verdict: str
    exit: ExitCode
    seconds: float
    report: Path
    checks: tuple[CheckResult, ...]

    def as_dict(self) -> dict[str, Any]:
        """The content of ``report.json``: JSON types only."""
        return {
            **asdict(self),
            "exit": int(self.exit),
            "report": str(self.report),
            "checks": [_plain(check) for check in self.checks],
        }


def _plain(check: CheckResult) -> dict[str, Any]:
    return {
        **asdict(check),
        "examines": list(check.examines),
        "verdict": str(check.verdict),
    }
