"""Everything that is kept about the experiment in progress, and how it is stopped.

A guard that is breached stops it in this order: the faults go, from the thread of the watch; then
the activity that is under way is interrupted; then Chaos Toolkit plays the rollbacks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chaoslib.exceptions import InterruptExecution
from chaoslib.types import Dry

from codeblue.chaos import held, interruption, traffic
from codeblue.chaos.extension import Supervised, supervised
from codeblue.chaos.guards import Asking, Breach, require_valid
from codeblue.chaos.leftovers import Leftovers
from codeblue.chaos.record import Record
from codeblue.chaos.watch import Watch
from codeblue.errors import CodeblueError, UnhealedError, UsageError
from codeblue.session import Session, attach

# An activity is interrupted after this long even when a fault takes longer to go.
_HEAL_FIRST_SECONDS = 1.0
_UNWATCHED = (Dry.PROBES, Dry.ACTIVITIES)

_logger = logging.getLogger("chaostoolkit")


class _Healed(NamedTuple):
    """When (monotonic, s) the faults were gone, which they were, and what is left, in words."""

    at: float
    names: list[str]
    left: str


@dataclass
class Supervision:
    """One experiment. ``stage`` is control, stressor, oracle or recovery, as in a check."""

    experiment: Mapping[str, Any]
    configuration: Mapping[str, Any]
    secrets: Mapping[str, Any]
    session: Session | None = None
    leftovers: Leftovers | None = None
    breach: Breach | None = None
    error: UsageError | None = None
    stage: str = "control"
    wanted: Supervised = field(default_factory=Supervised)

    def __post_init__(self) -> None:
        self.record = Record(None, str(self.experiment["title"]))
        self.watch = Watch((), Asking(self.configuration, self.secrets), self.stop)

    def begin(self) -> None:
        """Find the session, read the guards, remember what the edges look like.

        Raises:
            InterruptExecution: the guards are wrong, so nothing should be broken.
        """
        interruption.current.begin()
        held.open()
        self._attach()
        try:
            self.wanted = supervised(self.experiment)
            require_valid(self.wanted.guards)
            traffic.begin(self.experiment, self.session)
        except UsageError as error:
            self.error = error
            interruption.current.request(str(error))
            raise InterruptExecution(str(error)) from error
        journal = self.session.journal if self.session else None
        self.record = Record(journal, self.wanted.id or str(self.experiment["title"]))

    def mount(self) -> None:
        """Ask every guard once, then keep watch until the rollbacks begin.

        Raises:
            InterruptExecution: a guard is breached, or blind, before anything was broken.
        """
        if self.experiment.get("dry") in _UNWATCHED:
            return
        asking = Asking(self.configuration, self.secrets)
        self.watch = Watch(self.wanted.guards, asking, self.stop)
        breach = self.watch.look()
        if breach is not None:
            self.breach = breach
            interruption.current.request(f"{breach.sentence}, before anything was broken")
            self.record.breached(breach)
            interruption.current.obey()
        self.watch.start()

    def stop(self, breach: Breach) -> None:
        """Heal everything, interrupt what is under way, and wait until everything is healed."""
        if self.breach is not None:
            return  # one is enough, and a second interrupt would cut short what the first began
        began = time.monotonic()
        _logger.critical(f"Stopped by {breach.sentence}")
        self.breach = breach
        interruption.current.request(breach.sentence)
        with ThreadPoolExecutor(1, "healing") as pool:
            healing = pool.submit(self._heal, breach)
            self.record.breached(breach)
            wait([healing], _HEAL_FIRST_SECONDS)
            interruption.current.interrupt()
        healed = healing.result()
        self.record.healed(breach, healed.at - began, healed.names, healed.left)

    def end(self) -> None:
        """The experiment is over, however it ended: nothing that it broke is left.

        Raises:
            UnhealedError: a fault is still in place.
            CodeblueError: a fault was gone before its time.
        """
        self.watch.end()
        self.watch.join()
        try:
            errors = [*_raised(held.heal_all), *_raised(self._clear_leftovers)]
            if (load := traffic.end()) is not None:
                self.record.note(load["measured"])
        finally:
            interruption.current.end()
            held.open()
        for error in sorted(errors, key=lambda each: not isinstance(each, UnhealedError)):
            raise error

    def _attach(self) -> None:
        try:
            self.session = attach()
            if self.session.proxy_url:
                self.leftovers = Leftovers(self.session.proxy_url)
        except CodeblueError as error:
            _logger.warning(f"{error} What happens is not written into a journal of codeblue.")

    def _clear_leftovers(self) -> None:
        if self.leftovers is not None and self.session is not None:
            self.leftovers.clear(self.session.journal)

    def _heal(self, breach: Breach) -> _Healed:
        names: list[str] = []
        left = ""
        try:
            held.close(breach.sentence)
            names = held.heal()
            self._clear_leftovers()
        except CodeblueError as error:
            left = str(error)
        return _Healed(time.monotonic(), names, left)


def _raised(step: Callable[[], None]) -> list[CodeblueError]:
    """The error that ``step`` ends with, so that the next step is taken all the same."""
    try:
        step()
    except CodeblueError as error:
        return [error]
    return []
