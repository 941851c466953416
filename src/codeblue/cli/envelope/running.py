"""The run of one ``codeblue envelope``: what is looked for, and what it comes to."""

from __future__ import annotations

import time

from codeblue.checks import CheckMeta
from codeblue.cli.envelope.interruption import Interruption
from codeblue.cli.envelope.mapping import Mapping
from codeblue.cli.envelope.order import Order
from codeblue.cli.envelope.point import Points
from codeblue.cli.envelope.screen import EnvelopeScreen
from codeblue.cli.one_check import OneCheck
from codeblue.envelope import SCALES, Envelope
from codeblue.load.planning.profile import FOLDER
from codeblue.session import Session

_NAMED = 4  # envelopes in one sentence


class EnvelopeRun(OneCheck):
    """Finds the envelopes of one order."""

    def __init__(self, order: Order, screen: EnvelopeScreen) -> None:
        self._signals = Interruption()
        super().__init__(order, screen, _meta(order), self._signals)
        self._order = order
        self._screen = screen
        self._cells = order.cells()

    @property
    def found(self) -> list[Envelope]:
        """What is known of every cell."""
        return [cell.envelope for cell in self._cells]

    def plan(self) -> None:
        """Also the faults and severities that there are to try."""
        super().plan()
        order = self._order
        scales = {fault: SCALES[fault] for fault in order.faults}
        self.journal.event(
            "envelope-planned",
            profile=order.profile,
            edges=list(order.edges),
            faults={
                fault: {"unit": scale.unit, "severities": list(scale.levels)}
                for fault, scale in scales.items()
            },
        )

    def examine(self, session: Session) -> None:
        """Control, then one load after the other, then what they come to."""
        points = Points(session, self._order.plan, self._signals)
        mapping = Mapping(session, points, self._cells, self._screen)
        deadline = time.monotonic() + 60 * self._order.minutes
        self._screen.begin(self._cells)
        try:
            with self.check.control():
                self._unless(mapping.control())
            with self.check.stressor():
                self._unless(mapping.find(deadline))
        finally:
            mapping.close()
        self._judge()

    def _unless(self, trouble: str) -> None:
        if trouble:
            self.check.inconclusive(trouble)

    def _judge(self) -> None:
        """An envelope is what was asked for; how wide it ought to be is for its reader to say."""
        found = self.found
        unanswered = [each for each in found if not each.answered]
        unsure = [each for each in unanswered if each.standing == "inconclusive"]
        if unsure or len(unanswered) == len(found):
            blame = (unsure or unanswered)[0]
            self.check.inconclusive(f"{blame.edge}, {blame.fault}: {blame.sentence}")
        more = f"; and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        self.check.judge(
            broke=False,
            measured="; ".join(map(_said, found[:_NAMED])) + more,
            threshold="both ends of the interval confirmed, or an explicit 'beyond the range'",
            evidence={f"{each.edge}, {each.fault}": each.sentence for each in found},
        )


def _said(found: Envelope) -> str:
    return f"{found.edge}, {found.fault}: {found.sentence}"


def _meta(order: Order) -> CheckMeta:
    return CheckMeta(
        id=order.name,
        title=order.title,
        risk="failures",
        suite="envelope",
        source=f"{FOLDER}/{order.profile}.toml",
    )
