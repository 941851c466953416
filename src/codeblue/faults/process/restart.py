"""Restart: a process ends in order and comes back, as in every deployment."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.process.declared import Declared
from codeblue.faults.process.identity import Identity
from codeblue.faults.process.succession import END_SECONDS, Succession, healing, run_restart


@dataclass(frozen=True)
class Restart(Succession):
    """A declared process restarts: by its `restart` command, else by its `stop_signal`.

    After the signal it has 5 s to end, then it is killed, as a service manager would; whoever looks
    after it starts it again.
    """

    type = "restart"

    def inject(self, ground: Ground, trace: Trace) -> None:
        """Run the command, or send the signal and wait for the end."""
        declared, victim = Declared.on(ground, self.process), Identity(*trace["victim"])
        if healing(trace):
            return
        if declared.restart:
            run_restart(declared)
            return
        victim.send(declared.signal)
        if not victim.wait(END_SECONDS):
            victim.send(signal.SIGKILL)
            victim.wait(END_SECONDS)
