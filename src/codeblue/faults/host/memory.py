"""Memory: a neighbour on the same machine grows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeblue.faults.ground import Ground
from codeblue.faults.host.available_memory import available_mib
from codeblue.faults.host.hog_fault import HOST, HogFault, must_be_here
from codeblue.faults.host.hogs import memory_refusal


@dataclass(frozen=True)
class Memory(HogFault):
    """``megabytes`` MiB are taken and written to; page caches shrink, and others may swap.

    At most half of what is available is taken, so that the kernel has no reason to kill anybody;
    should it come to that, it kills the hog first.
    """

    host: str = HOST
    megabytes: int = 256
    seconds: int = 60

    type = "memory"
    kind = "memory"

    def refusal(self, ground: Ground) -> str | None:  # noqa: ARG002 - a HogFault
        """At most half of what is available."""
        must_be_here(self.type, self.host)
        return memory_refusal(self.megabytes, available_mib())

    def share(self, ground: Ground) -> dict[str, Any]:  # noqa: ARG002 - a HogFault
        """MiB."""
        return {"megabytes": self.megabytes}
