"""Netem: a slow, lossy wire below TCP, where the kernel can make one."""

from __future__ import annotations

import json
from dataclasses import dataclass

from codeblue.errors import CodeblueError, UsageError
from codeblue.faults.capabilities import require
from codeblue.faults.fault import Trace
from codeblue.faults.ground import Ground
from codeblue.faults.network import namespaces
from codeblue.faults.placed import Placed

_HANDLE = "cb1e:"
"""How our queue is told from everybody else's."""
_DEFAULT = "0:"
"""The kernel's own, which has no number and comes back by itself."""
_LONGEST = 60_000
_ALL = 100


@dataclass(frozen=True)
class Netem(Placed):
    """What leaves ``device`` in a named network namespace is ``delay`` ms late, and some is lost.

    ``jitter`` ms are added or taken away at random, ``loss`` is in percent of the packets. Many
    kernels lack it (the module sch_netem): then it is refused, and the toxics of the proxy remain.
    """

    namespace: str
    device: str = "lo"
    delay: int = 0
    jitter: int = 0
    loss: int = 0

    type = "netem"

    def prepare(self, ground: Ground) -> Trace:  # noqa: ARG002 - a Fault
        """Look that the namespace and its device are there, and that no queue is in the way."""
        require(self.type)
        if why := refusal(self.delay, self.jitter, self.loss):
            raise UsageError(f"fault netem: {why}")
        inode = namespaces.must_be_named(self.type, self.namespace)
        queue = self._queue()
        if queue is None:
            raise UsageError(f'fault netem: namespace {self.namespace} has no "{self.device}".')
        if queue != _DEFAULT:
            raise UsageError(
                f"fault netem: {self.device} in {self.namespace} already has a queue ({queue}), "
                "which healing could not bring back."
            )
        return {"inode": inode}

    def inject(self, ground: Ground, trace: Trace) -> None:  # noqa: ARG002 - a Fault
        """Put the queue on the device."""
        self._tc("add", "handle", _HANDLE, *self.wire())

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Take the queue away."""
        if not self.healed(ground, trace):
            self._tc("del")

    def healed(self, ground: Ground, trace: Trace) -> bool:  # noqa: ARG002 - a Fault
        """Whether the queue is gone, or the device or the namespace with it."""
        if namespaces.inode(self.namespace) != trace["inode"]:
            return True
        return self._queue() != _HANDLE

    def wire(self) -> list[str]:
        """The queue, as `tc` reads it."""
        delay = ["delay", f"{self.delay}ms", f"{self.jitter}ms"]
        return ["netem", *delay, "loss", f"{self.loss}%"]

    def _queue(self) -> str | None:
        """The number of the device's outermost queue; None when there is no such device."""
        command = ["tc", "-j", "qdisc", "show", "dev", self.device]
        try:
            queues = json.loads(namespaces.run_inside(self.namespace, command))
        except CodeblueError as error:
            if "Cannot find device" in str(error):
                return None
            raise
        roots = [str(each["handle"]) for each in queues if each.get("root")]
        return roots[0] if roots else _DEFAULT

    def _tc(self, action: str, *queue: str) -> None:
        command = ["tc", "qdisc", action, "dev", self.device, "root", *queue]
        namespaces.run_inside(self.namespace, command)


def refusal(delay: int, jitter: int, loss: int) -> str | None:
    """Why the values make no sense together; None when they do."""
    if not delay and not loss:
        return "delay and loss are both 0, which is no fault. Give one of them."
    if delay > _LONGEST:
        return f"delay is {delay}. Give at most {_LONGEST}, in milliseconds."
    if jitter > delay:
        return f"jitter is {jitter}. Give at most the delay, {delay}."
    if loss > _ALL:
        return f"loss is {loss}. Give a percentage, 0 to 100."
    return None
