"""Faults that a hog makes: the machine itself becomes scarce."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from codeblue.errors import UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.host.hogs import Hog, time_refusal
from codeblue.faults.host.hogs.hog import Kind
from codeblue.faults.placed import Placed
from codeblue.faults.process.identity import Identity

HOST = "host"


@dataclass(frozen=True)
class HogFault(Placed):
    """A child takes its share, for as long as the block lasts and at most for its `seconds`.

    It is started before it takes anything, so that its process is on record when it begins; to heal
    is to end that process, whoever does it.
    """

    kind: ClassVar[Kind]

    def refusal(self, ground: Ground) -> str | None:
        """Why it may not take as much; None when it may."""
        raise NotImplementedError

    def share(self, ground: Ground) -> dict[str, Any]:
        """What the child is told."""
        raise NotImplementedError

    def prepare(self, ground: Ground) -> Trace:
        """Look whether it may take as much, and park the child."""
        require(self.type)
        seconds = int(self.attributes["seconds"])
        if why := time_refusal(seconds) or self.refusal(ground):
            raise UsageError(f"fault {self.type}: {why}")
        hog = Hog.park(self.kind, seconds=seconds, **self.share(ground))
        return {"hog": [hog.identity.pid, hog.identity.started]}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Let the child take its share."""
        _hog(trace).work()

    def heal(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """End the child."""
        _hog(trace).end()

    def healed(self, ground: Ground, trace: Trace) -> bool:  # noqa: ARG002 - a Fault
        """Whether the child is gone; all that it held goes with it."""
        return not _hog(trace).identity.alive


def must_be_here(type: str, host: str) -> None:  # noqa: A002 - the experiments' word
    """UsageError when `host` is any machine but this one."""
    if host != HOST:
        raise UsageError(f'fault {type}: "{host}" is another machine. The only place is "{HOST}".')


def _hog(trace: Trace) -> Hog:
    return Hog(Identity(*trace["hog"]))
