"""The run of one ``codeblue load``: what is judged, and how."""

from __future__ import annotations

from codeblue.checks import CheckMeta
from codeblue.cli.load import findings, searching
from codeblue.cli.load.findings import Findings
from codeblue.cli.load.interruption import Interruption
from codeblue.cli.load.order import Order
from codeblue.cli.load.proving import prove
from codeblue.cli.load.screen import LoadScreen
from codeblue.cli.load.searching import Searched, search
from codeblue.cli.load.watching import Watch
from codeblue.cli.one_check import OneCheck
from codeblue.load.planning.profile import FOLDER
from codeblue.session import Session

Found = Findings | Searched


class LoadRun(OneCheck):
    """Puts one load on a platform; ``found`` is what it showed, when it came to that."""

    def __init__(self, order: Order, screen: LoadScreen) -> None:
        super().__init__(order, screen, _meta(order), Interruption())
        self._order = order
        self._screen = screen
        self.found: Found | None = None

    def examine(self, session: Session) -> None:
        """One load, or a search of many."""
        order = self._order
        watch = Watch(self._screen, self.interruption, order if order.bind else None)
        if order.plan.search is None:
            self.found = prove(session, order.plan, order.fault, self.check, watch)
            findings.judge(self.check, self.found)
        else:
            self.found = search(session, order.plan, order.fault, self.check, watch)
            searching.judge(self.check, self.found)


def _meta(order: Order) -> CheckMeta:
    return CheckMeta(
        id=f"load-{order.profile}",
        title=order.plan.title or f"The load {order.profile}",
        risk="load",
        suite="load",
        source=f"{FOLDER}/{order.profile}.toml",
    )
