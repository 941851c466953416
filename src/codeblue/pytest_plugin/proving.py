"""One assessment inside one pytest session: plan, prepare the ground, judge, conclude."""

from __future__ import annotations

import hashlib
import platform as machine
import signal
from collections.abc import Generator, Iterable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from types import FrameType

import pytest

from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.conclude import conclude
from codeblue.errors import (
    CodeblueError,
    JournalError,
    TargetError,
    UnhealedError,
    UsageError,
)
from codeblue.journal import Journal, RunDirectory
from codeblue.pytest_plugin.marks import meta_of
from codeblue.session import Session, restart_if_broken
from codeblue.session.restart import PATIENCE
from codeblue.target import Variables, load_target
from codeblue.verdict import ExitCode, Verdict
from codeblue.workspace import CONFIGURATION, workspace_root

PROVING = pytest.StashKey["Proving"]()
_LIBRARIES = ("codeblue", "locust", "chaostoolkit-lib", "schemathesis", "hypothesis", "pytest")


class Proving:
    """Hooks that turn collected checks into a run. Inert when no checks were collected."""

    session: Session

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._stack = ExitStack()
        self._checks: dict[str, Check] = {}
        self._metas: dict[str, CheckMeta] = {}
        self._run: RunDirectory | None = None
        self._ended_by: CodeblueError | None = None
        self._interrupted = ""

    @property
    def profile(self) -> str:
        """The profile that the command line asked for."""
        return str(self._config.getoption("profile"))

    def check_of(self, item: pytest.Item) -> Check:
        """The check in progress that ``item`` is.

        Raises:
            UsageError: the test asks for a check, but is not marked as one.
        """
        if item.nodeid not in self._checks:
            pytest.fail("This test uses the `check` fixture: mark it with @pytest.mark.check(...).")
        return self._checks[item.nodeid]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write down what is planned, before anything is started."""
        if self._config.option.collectonly:
            return
        try:
            self._plan(session.items)
        except CodeblueError as error:
            pytest.exit(f"error: {error}", returncode=error.exit_code)

    def _plan(self, items: list[pytest.Item]) -> None:
        workspace = _workspace()
        metas = {item.nodeid: meta_of(item, workspace) for item in items}
        self._metas = {node: meta for node, meta in metas.items() if meta is not None}
        if not self._metas:
            return
        _require_unique(self._metas.values())
        self._run = self._open_run(workspace)
        journal = Journal(self._run)
        journal.event("run-started", **self._describe(self._run, workspace))
        for meta in self._metas.values():
            journal.event(
                "check-planned",
                id=meta.id,
                title=meta.title,
                risk=meta.risk,
                examines=list(meta.examines),
                source=meta.source,
                suite=meta.suite,
            )

    def _open_run(self, workspace: Path) -> RunDirectory:
        given = self._config.getoption("run_directory")
        if given and not Path(given).is_dir():
            raise UsageError(f"--run-directory {given}: there is no such folder. Leave it out.")
        if given:
            return RunDirectory(Path(given))
        return RunDirectory.create(workspace, self.profile)

    def _describe(self, run: RunDirectory, workspace: Path) -> dict[str, object]:
        configuration = (workspace / CONFIGURATION).read_bytes()
        return {
            "run": run.id,
            "profile": self.profile,
            "suite": self._config.getoption("suite"),
            "target": load_target(workspace, Variables(profile=self.profile)).name,
            "seed": self._config.getoption("seed"),
            "versions": {"python": machine.python_version()}
            | {name: version(name) for name in _LIBRARIES},
            "config_sha256": hashlib.sha256(configuration).hexdigest(),
            "command": f"codeblue assess --profile {self.profile}",
        }

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Prepare the ground, once, before the first check."""
        if self._run is None:
            return
        # Not before it is needed: ordinary tests load this plugin too, and need none of that.
        from codeblue.ground import prepared

        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self.session = self._stack.enter_context(
                prepared(_workspace(), self._run, self.profile, self._config.getoption("seed"))
            )
        except CodeblueError as error:
            self._ended_by = error
            pytest.exit(f"error: {error}", returncode=error.exit_code)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """One check, from ``check-started`` to ``check-finished``."""
        meta = self._metas.get(item.nodeid)
        if meta is None or self._out_of_suite(meta):
            return (yield)
        check = Check(meta, self.session.journal)
        self._checks[item.nodeid] = check
        check.journal.event("check-started", id=meta.id)
        try:
            return (yield)
        finally:
            self._finish(check)

    def _out_of_suite(self, meta: CheckMeta) -> bool:
        return meta.suite != "quick" and meta.suite != self._config.getoption("suite")

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what the suite leaves out; it stays visible as not exercised."""
        meta = self._metas.get(item.nodeid)
        if meta is not None and self._out_of_suite(meta):
            pytest.skip(f"only in --suite {meta.suite}")

    def _finish(self, check: Check) -> None:
        if self._ended_by is None:
            seed = self._config.getoption("seed")
            check.finish(f"pytest {check.meta.source} --profile {self.profile} --seed {seed}")
            self._leave_working(check)

    def _leave_working(self, check: Check) -> None:
        """The next check finds a platform that works, whatever this one has done to it."""
        try:
            broken = restart_if_broken(self.session)
        except TargetError as error:
            self._ended_by = error
            pytest.exit(f"error: {error}", returncode=error.exit_code)
        if broken is not None:
            check.journal.event(
                "warning",
                text=f"After {check.meta.id}, {broken} did not work again by itself within "
                f"{PATIENCE:.0f} s; the platform's services were restarted.",
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Say in one sentence what a check came to, instead of a traceback."""
        report = yield
        check = self._checks.get(item.nodeid)
        if check is not None and call.excinfo is not None:
            self._explain(check, call.excinfo.value, report)
            if isinstance(call.excinfo.value, UnhealedError):
                # Whatever came after would be measured under the fault that is left.
                item.session.shouldstop = str(call.excinfo.value)
        return report

    def _explain(self, check: Check, error: BaseException, report: pytest.TestReport) -> None:
        if isinstance(error, JournalError):
            self._ended_by = error
            pytest.exit(f"error: {error}", returncode=error.exit_code)
        if isinstance(error, CheckBroke | Inconclusive | UnhealedError):
            report.longrepr = f"{check.meta.title}: {check.reason or error}"
        if isinstance(error, UnhealedError):
            check.verdict, check.reason = Verdict.FAIL, str(error)
        elif check.verdict is Verdict.PASS or not isinstance(error, CheckBroke | Inconclusive):
            check.verdict = Verdict.INCONCLUSIVE
            check.reason = f"{type(error).__name__}: {error}"

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Call an inconclusive check inconclusive, not failed."""
        check = self._checks.get(report.nodeid)
        if check is None or report.when != "call" or report.passed:
            return None
        if check.verdict is Verdict.FAIL:
            return "failed", "B", "BROKE"
        return "inconclusive", "?", "INCONCLUSIVE"

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that the harness itself broke; that proves nothing about the platform."""
        self._interrupted = f"the harness failed: {excinfo.typename}: {excinfo.value}"

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember that the run was stopped by hand."""
        if isinstance(excinfo.value, KeyboardInterrupt):
            self._interrupted = "interrupted"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Heal, end everything, conclude; the exit status becomes codeblue's."""
        self._stack.close()
        if self._run is None:
            return
        try:
            session.exitstatus = self._conclude(self._run)
        except JournalError as error:
            session.exitstatus = error.exit_code

    def _conclude(self, run: RunDirectory) -> ExitCode:
        if self._ended_by is not None:
            return conclude(run, str(self._ended_by), self._ended_by.exit_code)
        return conclude(run, self._interrupted)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Render the report, unless whoever named the run directory does so."""
        if self._run is None or self._config.getoption("run_directory"):
            return
        from codeblue.render import render  # seconds of CPU time: only for a report

        report = render(self._run.path)
        terminalreporter.write_line(f"report: {report.report}")


def _require_unique(metas: Iterable[CheckMeta]) -> None:
    seen: dict[str, CheckMeta] = {}
    for meta in metas:
        if meta.id in seen:
            raise UsageError(
                f'{meta.source}: the check id "{meta.id}" is also that of {seen[meta.id].source}. '
                "Choose another."
            )
        seen[meta.id] = meta


def _workspace() -> Path:
    try:
        return workspace_root()
    except CodeblueError:
        return Path.cwd()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise KeyboardInterrupt
