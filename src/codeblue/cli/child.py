"""The checks run in a pytest process of their own; this side watches it and ends it in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from codeblue.conclude import conclude
from codeblue.errors import JournalError
from codeblue.journal import Event, RunDirectory, Tail, read_events
from codeblue.verdict import ExitCode
from codeblue.workspace import builtin_root

_POLL = 0.1
_CONTENT = ("scenarios", "experiments")

# Plugins of other libraries that a run does not need; each costs up to a second to import.
_UNUSED = ("anyio", "cacheprovider", "faker", "locust", "schemathesis", "syrupy", "valkey")


@dataclass(frozen=True)
class Order:
    """What is to be assessed, and how."""

    workspace: Path
    profile: str
    suite: str
    seed: int
    only: str | None = None


@dataclass(frozen=True)
class Ending:
    """How the checks ended: with which exit code and, when not by themselves, why."""

    code: ExitCode
    reason: str


def assess_in_child(order: Order, run: RunDirectory, show: Callable[[Event], None]) -> Ending:
    """Run the checks of ``order`` in a child process, and show every event as it is written.

    The first Ctrl-C or SIGTERM asks the child to heal and conclude; the second kills it, and the
    session's guardian cleans up. The run is concluded in the journal however the child ends.
    """
    log = run.logs / "pytest.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            _command(order, run),
            cwd=order.workspace,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    interruptions = _forward_signals(child)
    tail = Tail(run)
    while child.poll() is None:
        _show_new(tail, show)
        time.sleep(_POLL)
    reason = "interrupted" if interruptions else _crash(child.returncode, log)
    code = _conclude(run, child, reason)
    _show_new(tail, show)
    return Ending(code, reason or _recorded_reason(run))


def _command(order: Order, run: RunDirectory) -> list[str]:
    unused = [part for name in _UNUSED for part in ("-p", f"no:{name}")]
    return [
        *(
            sys.executable,
            "-P",
            "-m",
            "pytest",
            *unused,
            "-o",
            "addopts=",
            "--import-mode=importlib",
        ),
        *("--rootdir", str(order.workspace), "--run-directory", str(run.path)),
        *("--profile", order.profile, "--suite", order.suite, "--seed", str(order.seed)),
        *(("-k", order.only) if order.only else ()),
        *(str(_content(order.workspace, folder)) for folder in _CONTENT),
    ]


def _content(workspace: Path, folder: str) -> Path:
    return workspace / folder if (workspace / folder).is_dir() else builtin_root() / folder


def _forward_signals(child: subprocess.Popen[bytes]) -> list[int]:
    """Pass SIGINT and SIGTERM on to ``child``; the list grows with each one that came."""
    received: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        child.send_signal(signal.SIGINT if len(received) == 1 else signal.SIGKILL)

    signal.signal(signal.SIGINT, forward)
    signal.signal(signal.SIGTERM, forward)
    return received


def _show_new(tail: Tail, show: Callable[[Event], None]) -> None:
    for event in tail.new():
        show(event)


def _conclude(run: RunDirectory, child: subprocess.Popen[bytes], reason: str) -> ExitCode:
    code = ExitCode.NOTHING_RAN if child.returncode == ExitCode.NOTHING_RAN else None
    try:
        return conclude(run, reason, code)
    except JournalError:
        # The child has already said that the journal cannot be written; its exit code stands.
        return ExitCode.INCONCLUSIVE


def _recorded_reason(run: RunDirectory) -> str:
    """Why the run ended early, as the checks themselves put it; empty when it did not."""
    closing = [event for event in read_events(run.path) if event["kind"] == "run-finished"]
    return str(closing[-1]["reason"]) if closing else ""


def _crash(returncode: int, log: Path) -> str:
    if returncode < 0:
        return f"the checks were ended by {signal.Signals(-returncode).name}"
    spoken = [line for line in log.read_text(errors="replace").splitlines() if "error: " in line]
    if spoken:
        return spoken[-1].partition("error: ")[2].strip(" !")
    known = returncode in {int(code) for code in ExitCode}
    return "" if known else f"the checks ended with status {returncode}; see {log}"
