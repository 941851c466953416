"""What the faults of processes, hosts and networks have in common: a place, and parameters."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True)
class Placed:
    """The first field of such a fault is its place, the others are its parameters."""

    type: ClassVar[str]

    heals_within: ClassVar[float] = 2.0
    """Seconds that healing and its proof may take."""
    momentary: ClassVar[bool] = False
    """Whether the platform itself is expected to repair it while the experiment still runs."""

    @property
    def place(self) -> str:
        """The process, the host, the folder or the namespace."""
        return str(getattr(self, fields(self)[0].name))

    @property
    def attributes(self) -> dict[str, Any]:
        """The parameters, without the place."""
        first, *_ = fields(self)
        return {name: value for name, value in asdict(self).items() if name != first.name}
