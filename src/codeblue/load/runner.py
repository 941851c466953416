"""Starts a load as Locust processes of its own, watches them, and always ends them."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from codeblue.errors import CodeblueError, UsageError
from codeblue.load.channel import Message
from codeblue.load.order import Order
from codeblue.load.planning.plan import LoadPlan, journey_files
from codeblue.load.processes import LocustProcess
from codeblue.load.result import LoadResult, summarise
from codeblue.session import Session

Address = tuple[str, int]

_START_TIMEOUT = 60.0
# Workers on other machines are started by hand.
_GATHERING_TIMEOUT = 3600.0
# Beyond its planned end and its drain, a generator is given this long to write and report.
_REPORT_TIMEOUT = 20.0
_LOOK_EVERY = 0.2


class LoadError(CodeblueError):
    """The load generator did not start."""


def run_load(session: Session, plan: LoadPlan) -> LoadResult:
    """Put the load ``plan`` on the platform and return what came of it.

    Raises:
        UsageError: no such journey, or the run already has a load of that label.
        LoadError: the generator did not start.
    """
    with start_load(session, plan) as load:
        return load.wait()


def start_load(session: Session, plan: LoadPlan, bind: Address | None = None) -> RunningLoad:
    """Start the load ``plan``; returns when its arrivals begin. Raises what ``run_load`` raises.

    Its workers are processes of this machine. With ``bind``, a host and a port, as many workers on
    other machines are waited for there, each of which calls ``serve``.
    """
    order = _ordered(session, plan, remote=False)
    with ExitStack() as stack:
        started: list[LocustProcess] = []

        def start(name: str, arguments: list[str]) -> None:
            log = session.run.logs / f"load-{plan.label}{name}.log"
            started.append(LocustProcess(order, arguments, log))
            stack.callback(started[-1].end)

        if bind is None and plan.workers == 1:
            start("", _alone(session, plan))
        else:
            address = bind or ("127.0.0.1", _free_port())
            start("", _as_master(session, plan, address))
            for number in range(0 if bind else plan.workers):
                start(f"-worker-{number}", _as_worker(address))
        _await_start(plan, started, _GATHERING_TIMEOUT if bind else _START_TIMEOUT)
        session.journal.event(
            "load-started",
            load=plan.label,
            journeys={name: stream.rate for name, stream in plan.journeys.items()},
            seconds=plan.seconds,
        )
        return RunningLoad(session, plan, started[0], stack.pop_all())


def serve(session: Session, plan: LoadPlan, host: str, port: int) -> str:
    """Be a worker of the load ``plan``, whose master listens at ``host`` and ``port``.

    Returns when the load has ended: nothing, or the reason why this worker ended before it. What it
    records is kept in the run of ``session`` and sent to the master.

    Raises:
        UsageError: no such journey, or the run already has a load of that label.
    """
    order = _ordered(session, plan, remote=True)
    log = session.run.logs / f"load-{plan.label}.log"
    with ExitStack() as stack:
        worker = LocustProcess(order, _as_worker((host, port)), log)
        stack.callback(worker.end)
        report = worker.channel.receive()
        if report is None:
            return f"the worker ended before the load. {worker.last_words} See {log}."
        worker.wait()
        return str(report["reason"])


class RunningLoad:
    """A load in progress. As a context manager it is always ended when the block is left."""

    def __init__(
        self, session: Session, plan: LoadPlan, lead: LocustProcess, processes: ExitStack
    ) -> None:
        self.plan = plan
        self._session = session
        self._lead = lead
        self._processes = processes
        self._report: Message | None = None
        self._result: LoadResult | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is KeyboardInterrupt:
            self._report = self._report or {"reason": "it was interrupted, and killed"}
            self._lead.kill()
        self.stop()

    def ended(self, within: float = 0.0) -> bool:
        """Whether the generator has reported, or died; waits for that up to ``within`` seconds."""
        if self._report is None:
            try:
                report = self._lead.channel.receive(within)
            except TimeoutError:
                return False
            self._report = report or {
                "reason": f"the generator died; what it recorded is kept ({self._lead.log})"
            }
        return True

    def wait(self) -> LoadResult:
        """What came of the load, once its last answer is in or its time is up."""
        return self._finish(self.plan.seconds + self.plan.drain + _REPORT_TIMEOUT)

    def stop(self) -> LoadResult:
        """End the load early: issue nothing more, and give the last answers their time."""
        if self._report is None:
            self._lead.channel.send(order="stop")
        return self._finish(self.plan.drain + _REPORT_TIMEOUT)

    def _finish(self, timeout: float) -> LoadResult:
        if self._result is None:
            if not self.ended(timeout):
                self._report = {
                    "reason": f"the generator did not end within {timeout:.0f} s, and was killed"
                }
                self._lead.kill()
            self._processes.close()
            self._result = summarise(self._session.run, self.plan, self._report or {})
            self._session.journal.event("load-finished", **self._result.fields())
        return self._result


def _ordered(session: Session, plan: LoadPlan, *, remote: bool) -> Path:
    """The order for ``plan``, in a file of the run that the generator reads."""
    if not session.target.tenants:
        raise UsageError(
            "codeblue.toml: no [tenants.NAME] section, so journeys have nobody to act for. Add one."
        )
    files = journey_files(plan, session.workspace)
    order = Order(
        plan=plan,
        run=str(session.run.path),
        files={name: str(file) for name, file in files.items()},
        remote=remote,
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
    return path


def _await_start(plan: LoadPlan, processes: list[LocustProcess], timeout: float) -> None:
    """Return when the lead says that the arrivals begin; it waits for its workers by itself."""
    lead, deadline = processes[0], time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            started = lead.channel.receive(_LOOK_EVERY)
        except TimeoutError:
            started = {}
        if started:
            return
        dead = next((process for process in processes if process.ended), None)
        if dead or started is None:
            lead = dead or lead
            break
    raise LoadError(
        f"load {plan.label}: the generator did not start. {lead.last_words} See {lead.log}."
    )


def _alone(session: Session, plan: LoadPlan) -> list[str]:
    users = str(sum(plan.pool(name) for name in plan.journeys))
    return [
        *("--headless", "--only-summary", "--exit-code-on-error", "0"),
        *("--users", users, "--spawn-rate", users, "--host", session.base_url),
    ]


def _as_master(session: Session, plan: LoadPlan, address: Address) -> list[str]:
    return [
        *("--master", "--master-bind-host", address[0], "--master-bind-port", str(address[1])),
        *("--expect-workers", str(plan.workers)),
        *_alone(session, plan),
    ]


def _as_worker(address: Address) -> list[str]:
    return ["--worker", "--master-host", address[0], "--master-port", str(address[1])]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
