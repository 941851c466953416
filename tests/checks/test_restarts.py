"""A restart is the signal that codeblue.toml names, sent to what codeblue has started."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from codeblue.checks.restarts import restart
from codeblue.errors import UsageError
from codeblue.journal import RunDirectory
from codeblue.session import Session
from codeblue.target import Start, Target

SCRIPT = (
    "import signal, sys\n"
    "signal.signal(signal.SIGHUP, lambda *_: sys.exit(7))\n"
    "print('ready', flush=True)\n"
    "signal.pause()"
)


def session(tmp_path: Path, name: str | None, pid: int | None) -> Session:
    start = Start.model_validate({"command": ["run"], "restart": name})
    target = Target(name="Riverside", base_url="http://127.0.0.1:9", start=start)
    return Session(target, RunDirectory(tmp_path), "", "production", 1, tmp_path, pid)


def test_the_platform_gets_the_signal_that_restarts_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE) as platform:
        assert platform.stdout is not None
        platform.stdout.readline()
        restart(session(tmp_path, signal.SIGHUP.name, platform.pid))
        assert platform.wait(10) == 7


def test_a_platform_that_cannot_be_restarted_is_left_alone(tmp_path: Path) -> None:
    foreign = session(tmp_path, signal.SIGHUP.name, None)
    unheard = session(tmp_path, None, 1)
    unknown = replace(foreign, target=foreign.target.model_copy(update={"start": None}))
    for one in (foreign, unheard, unknown):
        with pytest.raises(UsageError, match="Riverside: cannot be restarted"):
            restart(one)
