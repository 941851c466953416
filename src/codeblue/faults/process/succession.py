"""Faults that end a process, and are healed when its successor runs and answers."""

from __future__ import annotations

import secrets
import subprocess
import time
from dataclasses import dataclass
from typing import ClassVar

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.placed import Placed
from codeblue.faults.process.declared import ANSWER_SECONDS, Declared
from codeblue.faults.process.identity import Identity

SUCCESSOR_SECONDS = 15.0
"""How long whoever looks after a process may take to start it again."""
COMMAND_SECONDS = 15.0
END_SECONDS = 5.0
_POLL = 0.02
_HELD_UP = ANSWER_SECONDS + 1.0

# Faults of this process, and those of them that are being healed, perhaps by another thread while
# `inject` is still at work.
_prepared: set[str] = set()
_healing: set[str] = set()


@dataclass(frozen=True)
class Succession(Placed):
    """Somebody else starts the process again: the platform's supervisor, or its `restart` command.

    Nothing is left behind that healing could undo, so it waits for the successor; where the section
    `[processes.NAME]` names a `restart` command, and nothing runs, it runs that.
    """

    process: str

    heals_within: ClassVar[float] = 20.0
    momentary: ClassVar[bool] = True

    def prepare(self, ground: Ground) -> Trace:
        """Find the process."""
        require(self.type)
        victim = Declared.on(ground, self.process).find()
        if victim.pid == ground.platform_pid:
            raise UsageError(
                f"process {self.process} (pid {victim.pid}): it is the one that codeblue started, "
                "and nobody would start it again. Declare one of its children."
            )
        platform = Identity.of(ground.platform_pid) if ground.platform_pid else None
        name = secrets.token_hex(8)
        _prepared.add(name)
        return {
            "id": name,
            "victim": [victim.pid, victim.started],
            "platform": [platform.pid, platform.started] if platform else None,
        }

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Break nothing further; start the process if it is down and `restart` says how."""
        _healing.add(trace["id"])
        declared = Declared.on(ground, self.process)
        if declared.restart and not _platform_is_gone(trace) and not declared.running():
            run_restart(declared)

    def healed(self, ground: Ground, trace: Trace) -> bool:
        """Whether one of that name runs and answers, or the whole platform has ended."""
        return _platform_is_gone(trace) or Declared.on(ground, self.process).back()


def healing(trace: Trace) -> bool:
    """Whether somebody has begun to heal it, so that nothing more may be broken."""
    return trace["id"] in _healing


def cease() -> None:
    """From any thread: let every `inject` of this process that is at work break nothing more.

    A process may be killed many times over, and whoever wants everything healed now cannot wait
    for the last of them.
    """
    _healing.update(_prepared)


def run_restart(declared: Declared) -> None:
    """Run the `restart` command of a process to its end.

    Raises:
        CodeblueError: it cannot be run, fails, or takes longer than 15 s.
    """
    where = f"codeblue.toml [processes.{declared.name}] restart"
    try:
        done = subprocess.run(
            declared.restart,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CodeblueError(f"{where}: {error}. Correct the command.") from error
    if done.returncode != 0:
        raise CodeblueError(f"{where}: the command failed with exit code {done.returncode}.")


def successor(declared: Declared, victim: Identity, trace: Trace) -> Identity | None:
    """Wait for the next process of that name, until it answers; None when healing has begun.

    Raises:
        CodeblueError: nobody started it again in 15 s, or it does not answer.
    """
    began = looked = time.monotonic()
    while looked - began < SUCCESSOR_SECONDS:
        if healing(trace):
            return None
        others = [each for each in declared.running() if each != victim]
        if others and declared.answering():
            return others[0]
        time.sleep(_POLL)
        looked = _not_held_up(looked)
    raise CodeblueError(
        f"process {declared.name}: {SUCCESSOR_SECONDS:g} s after its end no successor runs and "
        "answers. Let a supervisor start it, or declare its `restart` command."
    )


def _not_held_up(looked: float) -> float:
    """The time now; a holder that was stopped may have been healed for, and breaks nothing more."""
    now = time.monotonic()
    if now - looked > _HELD_UP:
        raise CodeblueError(
            f"this process was held up for {now - looked:.1f} s within a fault. Run again."
        )
    return now


def _platform_is_gone(trace: Trace) -> bool:
    return trace["platform"] is not None and not Identity(*trace["platform"]).alive
