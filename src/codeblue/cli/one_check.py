"""A run of one check, from the platform to the report: what every command of that kind does."""

from __future__ import annotations

import hashlib
import platform
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.cli.load.attach_or_start import under_load
from codeblue.cli.load.interruption import Interruption
from codeblue.cli.report import write_report
from codeblue.cli.screen import Screen
from codeblue.conclude import conclude
from codeblue.errors import CodeblueError, JournalError, UnhealedError, UsageError
from codeblue.journal import Journal, RunDirectory
from codeblue.journal.parquet import converting
from codeblue.session import Session
from codeblue.session_file import SessionFile
from codeblue.verdict import ExitCode, Verdict
from codeblue.workspace import CONFIGURATION

if TYPE_CHECKING:
    from codeblue.render import Report

INTERRUPTED = "interrupted"
_LIBRARIES = ("codeblue", "locust")


class Ordered(Protocol):
    """What of an order matters to every run."""

    @property
    def workspace(self) -> Path:
        """The folder that holds ``codeblue.toml``."""

    @property
    def target(self) -> str:
        """The platform's name, in words."""

    @property
    def platform(self) -> str:
        """The profile of the platform."""

    @property
    def live(self) -> SessionFile | None:
        """The platform that is up already; without it, one is started."""

    @property
    def seed(self) -> int:
        """Seed of the arrivals."""

    @property
    def command(self) -> str:
        """The command line that asks for this again."""


@dataclass(frozen=True)
class Ended:
    """The end of a run: its report, and why it ended early in words, if it did."""

    report: Report
    reason: str


class OneCheck(ABC):
    """Carries out one order, and journals it as one check."""

    def __init__(
        self, order: Ordered, screen: Screen, meta: CheckMeta, interruption: Interruption
    ) -> None:
        self._ordered = order
        self._shown = screen
        self.interruption = interruption
        self.run = RunDirectory.create(order.workspace, meta.id)
        self.journal = Journal(self.run)
        self.check = Check(meta, self.journal)

    @abstractmethod
    def examine(self, session: Session) -> None:
        """Drive the platform, and judge it."""

    def carry_out(self) -> Ended:
        """From the platform to the report, however the check ends.

        Raises:
            UsageError: the user can put right what kept it from running.
            JournalError: the disk is full.
        """
        reason, code = "", None
        with self._shown.drawing():
            try:
                self.plan()
                self._prove()
                reason = INTERRUPTED if self.interruption.asked else ""
            except KeyboardInterrupt:
                reason = INTERRUPTED
            except CodeblueError as error:
                reason, code = str(error), error.exit_code
            return Ended(self._reported(reason, code), reason)

    def plan(self) -> None:
        """Put on record what is to come, before anything starts."""
        order, meta = self._ordered, self.check.meta
        configuration = (order.workspace / CONFIGURATION).read_bytes()
        self.journal.event(
            "run-started",
            run=self.run.id,
            profile=order.platform,
            suite=meta.suite,
            target=order.target,
            seed=order.seed,
            versions={"python": platform.python_version()}
            | {name: version(name) for name in _LIBRARIES},
            config_sha256=hashlib.sha256(configuration).hexdigest(),
            command=order.command,
        )
        self.journal.event(
            "check-planned",
            id=meta.id,
            title=meta.title,
            risk=meta.risk,
            examines=[],
            source=meta.source,
            suite=meta.suite,
        )

    def _prove(self) -> None:
        order = self._ordered
        self._shown.doing(
            f"attaching to {order.platform}" if order.live else f"starting {order.platform}"
        )
        with under_load(
            order.workspace, self.run, order.live, order.platform, order.seed
        ) as session:
            self.journal.event("check-started", id=self.check.meta.id)
            try:
                self.examine(session)
            except (CheckBroke, Inconclusive):
                pass
            except (KeyboardInterrupt, CodeblueError) as error:
                left = isinstance(error, UnhealedError)
                self.check.verdict = Verdict.FAIL if left else Verdict.INCONCLUSIVE
                self.check.reason = str(error) or INTERRUPTED
                raise
            finally:
                self.check.finish(order.command)

    def _reported(self, reason: str, code: ExitCode | None) -> Report:
        self._shown.doing("writing the report")
        conclude(self.run, reason, code)
        if code is ExitCode.USAGE:
            raise UsageError(reason)
        try:
            with converting(self.run):
                return write_report(self.run)
        except JournalError as error:
            raise JournalError(reason or str(error)) from error
