"""Starts a load as a Locust process of its own, watches it, and always ends it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel

from codeblue.errors import CodeblueError, UsageError
from codeblue.load.channel import Channel, Message
from codeblue.load.plan import LoadPlan, journey_files
from codeblue.load.result import LoadResult, summarise
from codeblue.session import Session

ORDER = "CODEBLUE_LOAD_ORDER"
CHANNEL = "CODEBLUE_LOAD_CHANNEL"
WORKER = "0"

_LOCUSTFILE = Path(__file__).parent / "_locust" / "locustfile.py"
_START_TIMEOUT = 60.0
# Beyond its planned end and its drain, a generator is given this long to write and report.
_REPORT_TIMEOUT = 20.0
_EXIT_TIMEOUT = 5.0


class LoadError(CodeblueError):
    """The load generator did not start."""


class Order(BaseModel):
    """What the generator is told: the plan, the run directory, and the file of each journey."""

    plan: LoadPlan
    run: str
    files: dict[str, str]


def run_load(session: Session, plan: LoadPlan) -> LoadResult:
    """Put the load ``plan`` on the platform and return what came of it.

    Raises:
        UsageError: no such journey, or the run already has a load of that label.
        LoadError: the generator did not start.
    """
    with start_load(session, plan) as load:
        return load.wait()


def start_load(session: Session, plan: LoadPlan) -> RunningLoad:
    """Start the load ``plan``; returns when its arrivals begin. Raises what ``run_load`` raises."""
    if not session.target.tenants:
        raise UsageError(
            "codeblue.toml: no [tenants.NAME] section, so journeys have nobody to act for. Add one."
        )
    order = Order(
        plan=plan,
        run=str(session.run.path),
        files={name: str(file) for name, file in journey_files(plan, session.workspace).items()},
    )
    folder = session.run.path / "loads"
    folder.mkdir(exist_ok=True)
    path = folder / f"{plan.label}.json"
    try:
        with path.open("x") as file:
            file.write(order.model_dump_json(indent=2))
    except FileExistsError:
        raise UsageError(
            f'load "{plan.label}": run {session.run.id} already has one. Choose another label.'
        ) from None
    return RunningLoad(session, plan, path)


class RunningLoad:
    """A load in progress. As a context manager it is always ended when the block is left."""

    def __init__(self, session: Session, plan: LoadPlan, order: Path) -> None:
        self.plan = plan
        self._session = session
        self._log = session.run.logs / f"load-{plan.label}.log"
        self._result: LoadResult | None = None
        self._channel, self._process = _spawn(session, plan, order, self._log)
        try:
            self._await_start()
        except BaseException:
            self._reap()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait(self) -> LoadResult:
        """What came of the load, once its last answer is in or its time is up."""
        return self._finish(self.plan.seconds + self.plan.drain + _REPORT_TIMEOUT)

    def stop(self) -> LoadResult:
        """End the load early: issue nothing more, and give the last answers their time."""
        if self._result is None:
            self._channel.send(order="stop")
        return self._finish(self.plan.drain + _REPORT_TIMEOUT)

    def _await_start(self) -> None:
        try:
            started = self._channel.receive(_START_TIMEOUT)
        except TimeoutError:
            started = None
        if started is None:
            raise LoadError(
                f"load {self.plan.label}: the generator did not start. "
                f"{_last_words(self._log)} See {self._log}."
            )
        self._session.journal.event(
            "load-started",
            load=self.plan.label,
            journeys=self.plan.journeys,
            seconds=self.plan.seconds,
        )

    def _finish(self, timeout: float) -> LoadResult:
        if self._result is None:
            report = self._report(timeout)
            self._reap()
            self._result = summarise(self._session.run, self.plan, report)
            self._session.journal.event("load-finished", **self._result.fields())
        return self._result

    def _report(self, timeout: float) -> Message:
        try:
            report = self._channel.receive(timeout)
        except TimeoutError:
            return {"reason": f"the generator did not end within {timeout:.0f} s, and was killed"}
        return report or {"reason": f"the generator died; what it recorded is kept ({self._log})"}

    def _reap(self) -> None:
        try:
            self._process.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._channel.close()


def _spawn(
    session: Session, plan: LoadPlan, order: Path, log: Path
) -> tuple[Channel, subprocess.Popen[bytes]]:
    """Start Locust in a session of its own, so that Ctrl-C reaches only this process."""
    ours, theirs = socket.socketpair()
    with theirs, log.open("ab") as output:
        process = subprocess.Popen(
            _command(session, plan),
            cwd=session.run.path,
            env=_environment(order, theirs.fileno()),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return Channel(ours), process


def _command(session: Session, plan: LoadPlan) -> list[str]:
    users = str(sum(plan.pool(journey) for journey in plan.journeys))
    return [
        *(sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--headless", "--only-summary"),
        *("--users", users, "--spawn-rate", users, "--host", session.base_url),
        *("--exit-code-on-error", "0"),
    ]


def _environment(order: Path, descriptor: int) -> dict[str, str]:
    # Settings for the user's own Locust runs (LOCUST_USERS, LOCUST_TAGS ...) are not for this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    return {**kept, ORDER: str(order), CHANNEL: str(descriptor)}


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "It printed nothing."
