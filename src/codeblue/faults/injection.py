"""Injecting a fault for a while, healing it whatever happens, and proving that it is healed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.faults.edge.proxy_api import proxy_of
from codeblue.faults.factory import place_kind
from codeblue.faults.fault import Fault, Trace
from codeblue.faults.ground import Ground
from codeblue.faults.guardian import Guardian, guardian
from codeblue.faults.healing import healed_by_holder, patience
from codeblue.faults.lease import leased
from codeblue.faults.record import StandingFault

if TYPE_CHECKING:
    from codeblue.journal import Journal


@contextmanager
def injected(fault: Fault, ground: Ground, journal: Journal) -> Iterator[None]:
    """Break a place for the length of the block.

    Before anything is broken it stands in the record of the run and on the list of a guardian, who
    heals it when this process dies. Journals `fault-injected` and `fault-healed`.

    Raises:
        UsageError: it cannot be done here, or is done already; nothing was broken.
        UnhealedError: the place does not confirm in time that the fault is gone.
        CodeblueError: the fault, or its guardian, was gone too early, so the block says nothing.
    """
    with ExitStack() as stack:
        ground = _under_lease(fault, ground, stack)
        held = _Held(fault, ground, fault.prepare(ground), journal)
        held.require_new()
        stack.callback(held.end)
        held.begin()
        try:
            yield
        except Exception:
            held.require_guarded()
            raise
        held.require_in_place()


def _under_lease(fault: Fault, ground: Ground, stack: ExitStack) -> Ground:
    """``ground``, and whether its proxy knows leases; one is held until ``stack`` closes."""
    if place_kind(fault.type) != "edge":
        return ground
    lease = stack.enter_context(leased(proxy_of(ground).url, ground.owner))
    return replace(ground, leased=lease.supported)


class _Held:
    """One fault from the record before its injection to the record after its healing."""

    def __init__(self, fault: Fault, ground: Ground, trace: Trace, journal: Journal) -> None:
        self._fault, self._ground, self._trace = fault, ground, trace
        self._journal = journal
        self._standing = StandingFault.of(fault, ground, trace)
        self._guardian: Guardian | None = None

    def require_new(self) -> None:
        """Raise UsageError when this owner has it in place already: healing one heals both."""
        if guardian(self._run).watches(self._standing.fault):
            raise UsageError(f"{self._where} is active already. Heal it before injecting again.")

    def begin(self) -> None:
        """Write it down, have it watched, and only then inject it."""
        if record := self._standing.record:
            record.intend(self._standing)
        self._guardian = guardian(self._run)
        self._guardian.watch(self._standing)
        self._fault.inject(self._ground, self._trace)
        attributes = self._fault.attributes
        self._journal.event("fault-injected", **self._names, attributes=attributes)

    def end(self) -> None:
        """Heal it, prove it, strike it off; what cannot be healed stays with the guardian."""
        verified = healed_by_holder(self._fault, self._ground, self._trace)
        if verified and self._guardian is not None:
            self._guardian.strike(self._standing.fault)
        if verified and (record := self._standing.record):
            record.strike(self._standing.fault)
        try:
            self._journal.event("fault-healed", **self._names, verified=verified)
        finally:  # a full disk is bad; a fault left behind is worse
            if not verified:
                raise UnhealedError(
                    f"{self._where} is still in place after {patience(self._fault.type):g} s, "
                    "or nobody can say that it is not. Run `codeblue heal`."
                )

    def require_guarded(self) -> None:
        """Raise CodeblueError when the guardian was lost under the fault."""
        if self._guardian is not None:
            self._guardian.require()

    def require_in_place(self) -> None:
        """Raise CodeblueError when the fault went away by itself, or its guardian did."""
        self.require_guarded()
        # What the platform itself repairs, such as a killed process, is gone before its time.
        if getattr(self._fault, "momentary", False):
            return
        if self._fault.healed(self._ground, self._trace):
            raise CodeblueError(
                f"{self._where} was gone before its time: somebody else healed it, or this process "
                f"was held up so long that the lease {self._ground.owner} expired. Run again."
            )

    @property
    def _run(self) -> Path | None:
        return Path(self._ground.folder) if self._ground.folder else None

    @property
    def _where(self) -> str:
        return f"{place_kind(self._fault.type)} {self._fault.place}: {self._fault.type}"

    @property
    def _names(self) -> dict[str, Any]:
        # The reports call every place an edge; `place` is the word for all of them.
        place = self._fault.place
        return {
            "fault": self._standing.fault,
            "edge": place,
            "place": place,
            "type": self._fault.type,
        }
