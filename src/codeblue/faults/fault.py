"""What every fault can do."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from codeblue.faults.ground import Ground

Trace = dict[str, Any]
"""What healing has to know, as JSON; complete before anything is broken."""


class Fault(Protocol):
    """One way in which one place fails; heals completely, and can tell that it has.

    Implementations are frozen dataclasses. The first field is the place (``edge``, ``process``,
    ``folder`` or ``namespace``); the others are whole numbers, or words out of a ``Literal``.
    """

    type: ClassVar[str]
    """Its name in experiments and in the journal."""

    @property
    def place(self) -> str:
        """The edge, process, folder or namespace that it breaks."""

    @property
    def attributes(self) -> dict[str, Any]:
        """Its parameters as JSON; ``make(type, place, **attributes)`` gives the fault back."""

    def prepare(self, ground: Ground) -> Trace:
        """Break nothing, and find out what healing will have to know.

        Raises:
            UsageError: it cannot be done here, and why.
        """

    def inject(self, ground: Ground, trace: Trace) -> None:
        """Break the place, in the name of the ground's owner."""

    def heal(self, ground: Ground, trace: Trace) -> None:
        """Undo what ``inject`` did: also when it was done by halves, not at all, or undone."""

    def healed(self, ground: Ground, trace: Trace) -> bool:
        """Whether nothing of it is left, as the place itself confirms."""
