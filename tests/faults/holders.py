"""A harness in a process of its own that holds faults, and is killed, stopped or interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from codeblue.faults import Ground
from codeblue.faults.record import Record

GONE_SECONDS = 2.0
"""How long after the end of their holder faults may last."""

# Says the guardian's pid as soon as every fault is in place, and then waits for its end.
_HOLDER = """
import json, sys, time
from contextlib import ExitStack
from pathlib import Path
from codeblue.errors import CodeblueError
from codeblue.faults import Ground, injected, make
from codeblue.faults.guardian import guardian
from codeblue.journal import Journal, RunDirectory
order = json.loads(sys.argv[1])
ground = Ground(**order["ground"])
journal = Journal(RunDirectory(Path(ground.folder)))
try:
    with ExitStack() as stack:
        for type, place, attributes in order["faults"]:
            stack.enter_context(injected(make(type, place, **attributes), ground, journal))
        print(guardian().pid, flush=True)
        time.sleep(order["seconds"])
except CodeblueError as error:
    print(error, flush=True)
    sys.exit(error.exit_code)
"""

FaultOrder = tuple[str, str, dict[str, Any]]


class Holder:
    """The harness, its guardian, and the record of its run."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.record = Record(folder)
        said = self.read()
        assert said.strip().isdecimal(), said
        self.guardian = psutil.Process(int(said))

    def read(self) -> str:
        """The next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def send(self, number: signal.Signals) -> None:
        """Signal the harness alone."""
        os.kill(self.process.pid, number)

    def healers(self) -> list[str]:
        """Who struck each fault off the record, in order."""
        lines = [json.loads(line) for line in self.record.path.read_text().splitlines()]
        return [line["kind"] for line in lines if line["kind"] != "injecting"]


@contextmanager
def holder(
    ground: Ground, folder: Path, *faults: FaultOrder, seconds: float = 60.0
) -> Iterator[Holder]:
    """A harness that has the ``faults`` in place; it and its guardian end with the block."""
    plain = asdict(ground) | {"folder": str(folder)}
    order = json.dumps({"ground": plain, "faults": faults, "seconds": seconds})
    command = [sys.executable, "-c", _HOLDER, order]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    running = None
    try:
        running = Holder(process, folder)
        yield running
    finally:
        process.kill()
        process.wait()
        if running is not None:
            running.guardian.wait(15)


def seconds_until(true: Callable[[], bool], limit: float = 15.0) -> float:
    """How long it took until ``true`` was."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < limit, "it never happened"
        time.sleep(0.01)
    return time.monotonic() - began
