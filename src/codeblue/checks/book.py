"""Everything that was acknowledged during a load, by the place where it is read back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from codeblue.checks.fate import Place, Tally
from codeblue.checks.holding import Body, Held, holds
from codeblue.load.ledger import (
    Acknowledged,
    Groups,
    Key,
    Unconfirmed,
    by_place,
    parse,
    read_unconfirmed,
)


@dataclass(frozen=True)
class Book:
    """The writes of a load, by tenant and place.

    ``places`` has the lines of the ledger (see ``by_place``), ``doubts`` the writes of which nobody
    can tell whether they happened; ``skew`` is how wrong a worker's clock may be, in seconds.
    """

    places: Groups
    doubts: dict[Key, list[Unconfirmed]] = field(default_factory=dict)
    skew: float = 0.0

    def judge(self, place: Key, body: Body | None) -> Tally:
        """What became of the writes at ``place``, where ``body`` is found, ``None`` if unknown."""
        entries = self._entries(place)
        tally = Tally()
        tally.note("acknowledged", entries)
        if body and len(entries) == 1 and (must := entries[0].must) and holds(body, must):
            tally.note("kept", entries)  # as most are; looked at without further ado
        elif body is None:
            tally.note("unknown", entries)
        else:
            Place(entries, self.doubts.get(place, ()), Held(body), self.skew).judge(tally)
        return tally

    def strangers(self, place: Key, tenants: Iterable[str]) -> list[str]:
        """The ``tenants`` who have no business at ``place``."""
        owner, where = place
        return [name for name in tenants if name != owner and (name, where) not in self.places]

    def leaks(self, place: Key, shown: Collection[Body]) -> Tally:
        """The writes at ``place`` that are in the bodies ``shown`` to strangers."""
        tally, held = Tally(), [Held(body) for body in shown]
        if held:
            entries = [
                entry
                for entry in self._entries(place)
                if entry.must and any(stranger.holding(entry.must) for stranger in held)
            ]
            tally.note("leaked", entries)
        return tally

    def _entries(self, place: Key) -> list[Acknowledged]:
        return [parse(Acknowledged, line) for line in self.places[place]]


def read_book(run: Path, label: str, skew: float = 0.0) -> Book:
    """The book of the load ``label`` of the run in the folder ``run``."""
    doubts: dict[Key, list[Unconfirmed]] = {}
    for doubt in read_unconfirmed(run, label):
        doubts.setdefault((doubt.tenant, doubt.where), []).append(doubt)
    return Book(by_place(run, label), doubts, skew)
