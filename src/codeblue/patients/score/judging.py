"""Compares every record that was sent with what was kept of it, and counts by kind of dirt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from codeblue.patients.dirt import Label
from codeblue.patients.dirt.kinds import FIELD_KINDS
from codeblue.patients.rows import Rows
from codeblue.patients.score.equality import Quantity, same, same_quantity
from codeblue.patients.score.outcome import Tally
from codeblue.patients.score.resources import Identifier, Kept
from codeblue.patients.tables import Tables

_IDENTIFIER = "record_number"
SCORED = frozenset(kind.name for kind in FIELD_KINDS)


@dataclass(frozen=True)
class Row:
    """One record: what is true, and what was sent instead in some places."""

    id: str
    truth: Mapping[str, str]
    labels: Sequence[Label]
    measurement: str = ""

    @property
    def identifier(self) -> Identifier:
        """The true record number and its system, of a Patient."""
        return self.truth.get("record_number_system", ""), self.truth.get(_IDENTIFIER, "")

    @property
    def sent(self) -> dict[str, str]:
        """What was sent."""
        return {**self.truth, **{label.place: label.after for label in self.labels}}

    @property
    def spoiled(self) -> dict[str, set[str]]:
        """The places that are not true, by kind: two kinds may have undone each other."""
        sent = self.sent if self.labels else {}
        places: dict[str, set[str]] = defaultdict(set)
        for label in self.labels:
            if label.kind in SCORED and sent[label.place] != self.truth.get(label.place):
                places[label.kind].add(label.place)
        return places


@dataclass
class Judge:
    """Counts what became of records. ``alike`` compares a kept reference with a sent one."""

    alike: Callable[[str, str], bool]
    tables: Tables
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def judge(self, rows: Rows, records: Iterable[tuple[Row, Kept | None]]) -> None:
        """Count the records of one block of rows."""
        alarms: Counter[frozenset[str]] = Counter()  # by the places that were altered
        refused = 0
        for row, kept in records:
            self._judge_dirt(row, kept)
            if kept is not None:
                alarms[frozenset(self._altered(row, kept))] += 1
            elif not row.labels:
                refused += 1
        for kind, places in _places(rows, self.tables).items():
            altered = sum(count for where, count in alarms.items() if where & places)
            self.tallies[kind].false_alarms += refused + altered

    def _judge_dirt(self, row: Row, kept: Kept | None) -> None:
        for kind, spoiled in row.spoiled.items():
            tally = self.tallies[kind]
            tally.sent += 1
            match self._fate(row, kept, spoiled):
                case "refused":
                    tally.refused += 1
                case "corrected":
                    tally.corrected += 1
                case _:
                    tally.kept += 1

    def _fate(self, row: Row, kept: Kept | None, places: set[str]) -> str:
        if kept is None:
            return "refused"
        if all(self._is_true(row, kept, place) for place in places):
            return "corrected"
        said = {place: kept_text(kept, place, row.truth) for place in places}
        sent = row.sent
        if all(not said[place] and sent[place] for place in places):
            return "refused"
        return "kept"

    def _altered(self, row: Row, kept: Kept) -> Iterator[str]:
        """The places that were true and are no longer said so."""
        spoiled = {label.place for label in row.labels}
        for place in row.truth:
            if place in spoiled or (place not in kept.fields and place != _IDENTIFIER):
                continue
            if not self._is_true(row, kept, place):
                yield place

    def _is_true(self, row: Row, kept: Kept, place: str) -> bool:
        truth, said = row.truth[place], kept_text(kept, place, row.truth)
        if place == "patient":
            return self.alike(said, truth)
        if place == "value" and (unit := kept.fields.get("ucum")):
            right = Quantity(truth, row.truth.get("ucum", ""))
            return same_quantity(self.tables, row.measurement, Quantity(said, unit), right)
        return same(place, said, truth)


def kept_text(kept: Kept, place: str, truth: Mapping[str, str]) -> str:
    """What a kept record says in a place.

    Of several record numbers, as merged Patients have, it is the true one if that is among them.
    """
    if place != _IDENTIFIER:
        return kept.fields.get(place, "")
    system = truth.get("record_number_system", "")
    numbers = [value for where, value in kept.identifiers if where == system]
    right = truth[place]
    return right if right in numbers else next(iter(numbers), "")


def _places(rows: Rows, tables: Tables) -> dict[str, set[str]]:
    """The places that each kind can spoil in such rows."""
    return {kind.name: places for kind in FIELD_KINDS if (places := set(kind.fields(rows, tables)))}
