"""The run of one ``codeblue load``: one check, from the platform to the report."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.cli.load import findings, searching
from codeblue.cli.load.attach_or_start import under_load
from codeblue.cli.load.findings import Findings
from codeblue.cli.load.interruption import Interruption
from codeblue.cli.load.order import Order
from codeblue.cli.load.proving import prove
from codeblue.cli.load.screen import Screen
from codeblue.cli.load.searching import Searched, search
from codeblue.cli.load.watching import Watch
from codeblue.cli.report import write_report
from codeblue.conclude import conclude
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
Found = Findings | Searched


@dataclass(frozen=True)
class Ended:
    """The end of a run: its report, what the load showed, and why it ended early, if it did."""

    report: Report
    found: Found | None
    reason: str


class LoadRun:
    """Carries out one order, and journals it as one check."""

    def __init__(self, order: Order, screen: Screen) -> None:
        self._order = order
        self._screen = screen
        self._run = RunDirectory.create(order.workspace, f"load-{order.profile}")
        self._journal = Journal(self._run)
        self._check = Check(_meta(order), self._journal)
        self._found: Found | None = None

    def carry_out(self) -> Ended:
        """From the platform to the report, however the load ends.

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
            suite="load",
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
                master = order if order.bind else None
                self._judge(session, Watch(self._screen, interruption, master))
            except (CheckBroke, Inconclusive):
                pass
            except (KeyboardInterrupt, CodeblueError) as error:
                left = isinstance(error, UnhealedError)
                self._check.verdict = Verdict.FAIL if left else Verdict.INCONCLUSIVE
                self._check.reason = str(error) or INTERRUPTED
                raise
            finally:
                self._check.finish(order.command)

    def _judge(self, session: Session, watch: Watch) -> None:
        order = self._order
        if order.plan.search is None:
            self._found = prove(session, order.plan, order.fault, self._check, watch)
            findings.judge(self._check, self._found)
        else:
            self._found = search(session, order.plan, order.fault, self._check, watch)
            searching.judge(self._check, self._found)

    def _ended(self, reason: str, code: ExitCode | None) -> Ended:
        self._screen.doing("writing the report")
        conclude(self._run, reason, code)
        if code is ExitCode.USAGE:
            raise UsageError(reason)
        try:
            with converting(self._run):
                return Ended(write_report(self._run), self._found, reason)
        except JournalError as error:
            raise JournalError(reason or str(error)) from error


def _meta(order: Order) -> CheckMeta:
    return CheckMeta(
        id=f"load-{order.profile}",
        title=order.plan.title or f"The load {order.profile}",
        risk="load",
        suite="load",
        source=f"{FOLDER}/{order.profile}.toml",
    )
