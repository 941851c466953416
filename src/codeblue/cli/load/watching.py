"""One load from its first arrival to its last answer, watched and, when asked, ended early."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from codeblue.cli.load.interruption import Interruption
from codeblue.cli.load.joining import Invitation
from codeblue.cli.load.order import Order
from codeblue.cli.load.screen import LoadScreen
from codeblue.load import LoadPlan, LoadResult, RunningLoad, start_load
from codeblue.session import Session

_SKEW = 1.0  # seconds; machines that keep their time by NTP are well within
_EVERY = 0.5  # seconds between two looks; workers write as often


@dataclass(frozen=True)
class Watch:
    """Who looks at the loads of a run, and hears when they are to end.

    ``master`` is the order when its workers are on other machines; ``None`` when all are here.
    """

    screen: LoadScreen
    interruption: Interruption
    master: Order | None = None

    @property
    def skew(self) -> float:
        """How wrong the clocks of the workers may be, in seconds; those of one machine are one."""
        return 0.0 if self.master is None else _SKEW

    def here(self) -> Watch:
        """The same, for loads that this machine generates alone."""
        return replace(self, master=None)

    def load(self, session: Session, plan: LoadPlan) -> LoadResult:
        """What came of ``plan``; of as much of it as ran before the first Ctrl-C or SIGTERM.

        Raises:
            LoadError: the generator did not start.
        """
        with (
            self._started(session, plan) as load,
            self.screen.following(session.run, plan),
            self.interruption.watched(),
        ):
            while not load.ended(_EVERY):
                self.screen.look(time.time())
                if self.interruption.asked:
                    return load.stop()
            return load.wait()

    @contextmanager
    def _started(self, session: Session, plan: LoadPlan) -> Iterator[RunningLoad]:
        if self.master is None or self.master.bind is None:
            with start_load(session, plan) as load:
                yield load
            return
        host, port = self.master.bind
        self.screen.doing(f"waiting for {plan.workers} workers at {host}:{port}")
        with (
            Invitation.to(self.master, session).published(session.workspace),
            start_load(session, plan, (host, port)) as load,
        ):
            self.screen.doing(f"load {plan.label} by {plan.workers} workers")
            yield load
