"""One check in progress: control first, then the stressor, then the judgement."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

from codeblue.errors import CodeblueError, JournalError, UnhealedError
from codeblue.journal import Journal
from codeblue.verdict import Verdict

RISKS = ("data quality", "load", "integrations", "failures", "compliance")


@dataclass(frozen=True)
class CheckMeta:
    """What a check is, before it runs."""

    id: str
    title: str
    risk: str
    examines: tuple[str, ...] = ()
    suite: str = "quick"
    source: str = ""


class CheckBroke(AssertionError):
    """The platform broke under the stressor: a fail, with what was measured."""


class Inconclusive(CodeblueError):
    """The check could not decide, and says why."""


@dataclass
class Check:
    """Collects what a check found; the runner turns it into one ``check-finished`` event.

    A scenario calls ``control``, ``stressor`` and ``oracle`` as context managers and ends with
    ``judge``. Whatever raises inside them proves nothing about the platform, so it makes the check
    inconclusive; only ``judge`` can make it fail.
    """

    meta: CheckMeta
    journal: Journal
    verdict: Verdict = Verdict.INCONCLUSIVE
    measured: str = ""
    threshold: str = ""
    reason: str = "the check ended without a judgement"
    control_result: str = "not run"
    evidence: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    @contextmanager
    def control(self) -> Iterator[None]:
        """The same workload without the stressor; if it fails, nothing can be said."""
        self.control_result = "failed"
        with self._stage("control", "the control failed"):
            yield
        self.control_result = "passed"

    @contextmanager
    def stressor(self) -> Iterator[None]:
        """The stress: malformed input, a fault, a burst, an attack."""
        with self._stage("stressor", "the stressor could not be applied"):
            yield

    @contextmanager
    def oracle(self) -> Iterator[None]:
        """Looking at what the platform did."""
        with self._stage("oracle", "the oracle crashed"):
            yield

    @contextmanager
    def recovery(self) -> Iterator[None]:
        """Waiting for the platform to come back after the stressor went."""
        with self._stage("recovery", "recovery could not be observed"):
            yield

    def judge(
        self,
        *,
        broke: bool,
        measured: str,
        threshold: str,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        """Decide: ``measured`` against ``threshold``, both in words with numbers and units.

        Raises:
            CheckBroke: when ``broke``.
        """
        self.measured, self.threshold = measured, threshold
        self.evidence.update(evidence or {})
        if self.control_result != "passed":
            self.inconclusive("the check was judged without a control that passed")
        self.reason = ""
        self.verdict = Verdict.FAIL if broke else Verdict.PASS
        if broke:
            raise CheckBroke(f"{measured} (threshold: {threshold})")

    def inconclusive(self, reason: str) -> NoReturn:
        """End the check undecided.

        Raises:
            Inconclusive: always.
        """
        self.verdict, self.reason = Verdict.INCONCLUSIVE, reason
        raise Inconclusive(f"{self.meta.id}: {reason}")

    def finish(self, reproduce: str) -> None:
        """Write the result into the journal."""
        self.journal.event(
            "check-finished",
            id=self.meta.id,
            title=self.meta.title,
            risk=self.meta.risk,
            examines=list(self.meta.examines),
            verdict=str(self.verdict),
            measured=self.measured or self.reason,
            threshold=self.threshold,
            seconds=round(time.monotonic() - self.started, 3),
            reason=self.reason,
            control=self.control_result,
            evidence=self.evidence,
            reproduce=reproduce,
        )

    @contextmanager
    def _stage(self, stage: str, trouble: str) -> Iterator[None]:
        self.journal.event("stage", id=self.meta.id, stage=stage)
        try:
            yield
        except (CheckBroke, Inconclusive, JournalError, UnhealedError):
            raise
        except Exception as error:  # noqa: BLE001 - a crash proves nothing about the platform
            self.inconclusive(f"{trouble}: {type(error).__name__}: {error}".rstrip(": "))
