"""The run of one ``codeblue envelope``: one check, from the platform to the report."""

from __future__ import annotations

import hashlib
import platform
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.cli.envelope.interruption import Interruption
from codeblue.cli.envelope.mapping import Mapping
from codeblue.cli.envelope.order import Order
from codeblue.cli.envelope.point import Points
from codeblue.cli.envelope.screen import Screen
from codeblue.cli.load.attach_or_start import under_load
from codeblue.cli.report import write_report
from codeblue.conclude import conclude
from codeblue.envelope import SCALES, Envelope
from codeblue.errors import CodeblueError, JournalError, UnhealedError, UsageError
from codeblue.journal import Journal, RunDirectory
from codeblue.journal.parquet import converting
from codeblue.load.planning.profile import FOLDER
from codeblue.session import Session
from codeblue.verdict import ExitCode, Verdict
from codeblue.workspace import CONFIGURATION

if TYPE_CHECKING:
    from codeblue.render import Report

INTERRUPTED = "interrupted"
_LIBRARIES = ("codeblue", "locust")


@dataclass(frozen=True)
class Ended:
    """The end of a run: its report, what was found, and why it ended early, if it did."""

    report: Report
    envelopes: list[Envelope]
    reason: str


class EnvelopeRun:
    """Carries out one order, and journals it as one check."""

    def __init__(self, order: Order, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._cells = order.cells()
        self._run = RunDirectory.create(order.workspace, order.name)
        self._journal = Journal(self._run)
        meta = CheckMeta(
            id=order.name,
            title=order.title,
            risk="failures",
            suite="envelope",
            source=f"{FOLDER}/{order.profile}.toml",
        )
        self._check = Check(meta, self._journal)

    def carry_out(self) -> Ended:
        """From the platform to the report, however the search ends.

        Raises:
            UsageError: the user can put right what kept it from running.
            JournalError: the disk is full.
        """
        interruption = Interruption()
        reason, code = "", None
        with self._screen.drawing():
            try:
                self._plan()
                self._prove(interruption)
                reason = INTERRUPTED if interruption.asked else ""
            except KeyboardInterrupt:
                reason = INTERRUPTED
            except CodeblueError as error:
                reason, code = str(error), error.exit_code
            return self._ended(reason, code)

    def _plan(self) -> None:
        order, meta = self._order, self._check.meta
        configuration = (order.workspace / CONFIGURATION).read_bytes()
        self._journal.event(
            "run-started",
            run=self._run.id,
            profile=order.platform,
            suite="envelope",
            target=order.target,
            seed=order.seed,
            versions={"python": platform.python_version()}
            | {name: version(name) for name in _LIBRARIES},
            config_sha256=hashlib.sha256(configuration).hexdigest(),
            command=order.command,
        )
        self._journal.event(
            "check-planned",
            id=meta.id,
            title=meta.title,
            risk=meta.risk,
            examines=[],
            source=meta.source,
            suite=meta.suite,
        )
        self._journal.event(
            "envelope-planned",
            profile=order.profile,
            edges=list(order.edges),
            faults={
                fault: {"unit": SCALES[fault].unit, "severities": list(SCALES[fault].levels)}
                for fault in order.faults
            },
        )

    def _prove(self, interruption: Interruption) -> None:
        order = self._order
        self._screen.doing(
            f"attaching to {order.platform}" if order.live else f"starting {order.platform}"
        )
        with under_load(
            order.workspace, self._run, order.live, order.platform, order.seed
        ) as session:
            self._journal.event("check-started", id=self._check.meta.id)
            try:
                self._find(session, interruption)
            except (CheckBroke, Inconclusive):
                pass
            except (KeyboardInterrupt, CodeblueError) as error:
                left = isinstance(error, UnhealedError)
                self._check.verdict = Verdict.FAIL if left else Verdict.INCONCLUSIVE
                self._check.reason = str(error) or INTERRUPTED
                raise
            finally:
                self._check.finish(order.command)

    def _find(self, session: Session, interruption: Interruption) -> None:
        """Control, then one load after the other, then what they come to."""
        points = Points(session, self._order.plan, interruption)
        mapping = Mapping(session, points, self._cells, self._screen)
        deadline = time.monotonic() + 60 * self._order.minutes
        self._screen.begin(self._cells)
        try:
            with self._check.control():
                self._unless(mapping.control())
            with self._check.stressor():
                self._unless(mapping.find(deadline))
        finally:
            mapping.close()
        self._judge()

    def _unless(self, trouble: str) -> None:
        if trouble:
            self._check.inconclusive(trouble)

    def _judge(self) -> None:
        """An envelope is what was asked for; how wide it ought to be is for its reader to say."""
        found = [cell.envelope for cell in self._cells]
        unanswered = [each for each in found if not each.answered]
        unsure = [each for each in unanswered if each.standing == "inconclusive"]
        if unsure or len(unanswered) == len(found):
            blame = (unsure or unanswered)[0]
            self._check.inconclusive(f"{blame.edge}, {blame.fault}: {blame.sentence}")
        self._check.judge(
            broke=False,
            measured="; ".join(f"{each.edge}, {each.fault}: {each.sentence}" for each in found[:4])
            + (f"; and {len(found) - 4} more" if len(found) > 4 else ""),  # noqa: PLR2004
            threshold="both ends of the interval confirmed, or an explicit 'beyond the range'",
            evidence={f"{each.edge}, {each.fault}": each.sentence for each in found},
        )

    def _ended(self, reason: str, code: ExitCode | None) -> Ended:
        self._screen.doing("writing the report")
        conclude(self._run, reason, code)
        if code is ExitCode.USAGE:
            raise UsageError(reason)
        found = [cell.envelope for cell in self._cells]
        try:
            with converting(self._run):
                return Ended(write_report(self._run), found, reason)
        except JournalError as error:
            raise JournalError(reason or str(error)) from error
