"""The holder's side of a hog: started parked, let go, ended for certain."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codeblue.errors import CodeblueError
from codeblue.faults.process.identity import Identity

START_SECONDS = 5.0
WORK_SECONDS = 30.0
END_SECONDS = 1.0

Kind = Literal["cpu", "memory", "disk"]

# Only the process that started a hog has its pipe, and reaps it.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Hog:
    """A child process that waits for its word, takes its share, and ends by itself.

    It ends by its own alarm, when this process ends however it ends, and by SIGKILL; none of the
    three leaves a file.
    """

    identity: Identity

    @classmethod
    def park(cls, kind: Kind, **numbers: Any) -> Hog:
        """Start a hog that takes nothing yet; unless `work` follows, it ends after 10 s.

        `numbers` are its `seconds` and its share: `cores` and `percent`, or `megabytes`, with a
        `folder` for a disk.

        Raises:
            CodeblueError: the child does not start.
        """
        # By its path and without site-packages: 20 ms, where importing this package takes 400.
        command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py"))]
        order = json.dumps({"kind": kind, "holder": os.getpid(), **numbers})
        process = subprocess.Popen(
            [*command, order],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        _children[process.pid] = process
        _expect(process, "parked", START_SECONDS)
        identity = Identity.of(process.pid)
        if identity is None:
            raise CodeblueError(f"the hog ({kind}) ended at its start. Run again.")
        return cls(identity)

    def work(self) -> None:
        """Let it take its share; returns when it has.

        Raises:
            CodeblueError: it has ended, or the system refuses what it asks for.
        """
        process = _children.get(self.identity.pid)
        if process is None or process.stdin is None or not self.identity.alive:
            raise CodeblueError("the hog ended before its word came. Run again.")
        with suppress(BrokenPipeError):
            process.stdin.write(b"work\n")
            process.stdin.flush()
        _expect(process, "working", WORK_SECONDS)

    def end(self) -> None:
        """Kill it with all that belongs to it, from whatever process."""
        if self.identity.alive:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.identity.pid, signal.SIGKILL)
            self.identity.wait(END_SECONDS)
        process = _children.pop(self.identity.pid, None)
        if process is not None:
            with process:  # closes its pipes, and reaps it
                pass


def _expect(process: subprocess.Popen[bytes], word: str, seconds: float) -> None:
    """Wait for a line of the child; what else it says is why it cannot."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    said = process.stdout.readline().decode().strip() if ready else f"nothing in {seconds:g} s"
    if said != word:
        Hog(Identity.of(process.pid) or Identity(process.pid, 0)).end()
        raise CodeblueError(f"the hog cannot work: it said {said or 'nothing, and ended'}.")
