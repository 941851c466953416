"""A small platform of real processes: a supervisor, and a child that it starts again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from codeblue.faults import Ground
from codeblue.faults.ground import new_owner
from codeblue.faults.process.declared import says

# Starts `child` again whenever it ends, as often as it is told. The child's mark is put together,
# so that the supervisor's own command line does not bear it.
SUPERVISOR = """
import subprocess, sys, time
child, times = sys.argv[1], int(sys.argv[2])
for _ in range(times):
    subprocess.Popen([sys.executable, "-I", "-c", child, "the-child" + "-of-the-test"]).wait()
time.sleep(3600)
"""
SLEEPER = "import time; time.sleep(3600)"
# A child with two children of its own, all of one name.
FAMILY = """
import subprocess, sys, time
for _ in range(2):
    subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(3600)", sys.argv[1]])
time.sleep(3600)
"""
MATCH = "the-child-of-the-test"


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


class Platform:
    """The supervisor's process, and the ground on which its child is declared as `worker`."""

    def __init__(self, pid: int, section: dict[str, Any]) -> None:
        self.pid = pid
        self.ground = Ground(new_owner(), platform_pid=pid, processes={"worker": section})

    def child(self, after: psutil.Process | None = None) -> psutil.Process:
        """The child that runs now; the one that came after an earlier one."""
        found: list[int] = []

        def look() -> bool:
            mine = (each.pid for each in psutil.Process(self.pid).children())
            found[:] = [pid for pid in mine if MATCH in says(pid) and psutil.Process(pid) != after]
            return bool(found)

        until(look)
        return psutil.Process(found[0])


@contextmanager
def platform(child: str = SLEEPER, times: int = 100, **section: Any) -> Iterator[Platform]:
    """A running platform; its child is found by its command line unless `section` says else."""
    command = [sys.executable, "-I", "-c", SUPERVISOR, child, str(times)]
    process = subprocess.Popen(command)
    try:
        running = Platform(process.pid, {"match": MATCH} | section)
        running.child()
        yield running
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        for member in family:
            member.kill()
        process.wait()
