"""Spoils rows: picks a few by chance, lets a kind of dirt change each, and writes down what it did.

Clean rows cost one draw. Those picked are changed one by one, as texts, because each kind has
rules of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np

from codeblue.patients.dirt.chance import picks, row_bits
from codeblue.patients.dirt.kind import Record, Source, present, texts
from codeblue.patients.dirt.kinds import DUPLICATES, FIELD_KINDS
from codeblue.patients.dirt.labels import Found, Labels
from codeblue.patients.rows import Rows


def inject(rows: Rows, rates: Mapping[str, float], mess: float, population: Source) -> Labels:
    """Spoil some of ``rows`` in place, and say what was done.

    ``rates`` are shares of the rows that a kind has a place in, by kind; ``mess`` scales all of
    them. At most one kind is picked for a row; second records are likelier to be picked, and
    their names may have drifted besides. Which rows are picked depends on whom they are about,
    never on the rows beside them, and a change that changes nothing leaves no label.

    Fields that change are copied first. ``rows.typed`` keeps the truth.
    """
    labels = Labels()
    if mess > 0 and len(rows):
        for spoiled in (_drift(rows, population), _spoil(rows, rates, mess, population)):
            labels.add(rows, spoiled)
    return labels


def _drift(rows: Rows, population: Source) -> list[Found]:
    second = DUPLICATES.rows(rows)
    if not len(second):
        return []
    bits = row_bits(population.draws, "dirt:drift", rows)[second].tolist()
    names = present(rows, "id", "control_id", "family", "given", "middle")
    known = zip(*(texts(rows, name, second) for name in names), strict=True)
    found: list[Found] = []
    for row, choice, said in zip(second.tolist(), bits, known, strict=True):
        record = Record(rows, row, population, dict(zip(names, said, strict=True)))
        found.append((row, "id", DUPLICATES.name, "", record["id"] or record["control_id"]))
        _compare(record, DUPLICATES.drift(record, choice), DUPLICATES.name, found)
    _write(rows, found)
    return found


def _spoil(rows: Rows, rates: Mapping[str, float], mess: float, population: Source) -> list[Found]:
    tables = population.tables
    places = {kind.name: kind.fields(rows, tables) for kind in FIELD_KINDS if rates.get(kind.name)}
    kinds = [kind for kind in FIELD_KINDS if places.get(kind.name)]
    found: list[Found] = []
    for row, kind, choice in picks(rows, kinds, rates, mess, population.draws, "dirt"):
        record = Record(rows, row, population)
        rest, place = divmod(choice, len(places[kind.name]))
        changed = kind.change(record, places[kind.name][place], rest)
        _compare(record, changed, kind.name, found)
    _write(rows, found)
    return found


def _compare(record: Record, changed: Mapping[str, str], kind: str, found: list[Found]) -> None:
    for place, after in changed.items():
        if (before := record[place]) != after:
            found.append((record.row, place, kind, before, after))


def _write(rows: Rows, found: Iterable[Found]) -> None:
    changes: dict[str, dict[int, bytes]] = defaultdict(dict)
    for row, place, _, _, after in found:
        changes[place][row] = after.encode()
    changes.pop("id", None)
    for place, changed in changes.items():
        value = rows.fields[place]
        new = np.array(list(changed.values()), dtype=np.bytes_)
        old = np.full(len(rows), value) if isinstance(value, bytes) else value
        spoiled = old.astype(f"S{max(old.itemsize, new.itemsize)}")
        spoiled[list(changed)] = new
        rows.fields[place] = spoiled
