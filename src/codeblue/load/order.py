"""What a load generator is told by the process that starts it."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel

from codeblue.load.planning.plan import LoadPlan

ORDER = "CODEBLUE_LOAD_ORDER"
"""The environment variable with the path of the order."""
CHANNEL = "CODEBLUE_LOAD_CHANNEL"
"""The environment variable with the descriptor of the line to who started it."""


class Order(BaseModel):
    """The plan, the run directory, and the file of the journey of each stream."""

    plan: LoadPlan
    run: str
    files: dict[str, str]
    remote: bool = False
    """The lead is on another machine: what is recorded has to be sent to it."""

    @cached_property
    def digest(self) -> str:
        """Equal for equal plans with equal journeys, wherever the files are."""
        found = sha256(self.plan.model_dump_json(exclude={"workers"}).encode())
        for name in sorted(self.files):
            found.update(Path(self.files[name]).read_bytes())
        return found.hexdigest()
