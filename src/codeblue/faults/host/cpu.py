"""CPU: a neighbour on the same machine computes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from codeblue.faults.ground import Ground
from codeblue.faults.host.hog_fault import HOST, HogFault, must_be_here
from codeblue.faults.host.hogs import cpu_refusal


@dataclass(frozen=True)
class Cpu(HogFault):
    """``cores`` processes compute for ``percent`` of their time, at the ordinary priority."""

    host: str = HOST
    cores: int = 1
    percent: int = 100
    seconds: int = 60

    type = "cpu"
    kind = "cpu"

    def refusal(self, ground: Ground) -> str | None:  # noqa: ARG002 - a HogFault
        """As many cores as may be used here."""
        must_be_here(self.type, self.host)
        return cpu_refusal(self.cores, self.percent, len(os.sched_getaffinity(0)))

    def share(self, ground: Ground) -> dict[str, Any]:  # noqa: ARG002 - a HogFault
        """Cores, and percent of each."""
        return {"cores": self.cores, "percent": self.percent}
