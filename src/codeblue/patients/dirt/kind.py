"""What a kind of dirt is: which fields of which rows it can spoil, and how it spoils one record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from codeblue.patients.draws import Draws, Ints
from codeblue.patients.institutions import Institution
from codeblue.patients.rows import Rows
from codeblue.patients.tables import Tables


class Source(Protocol):
    """What dirt needs to know of the population that the rows tell of."""

    def __hash__(self) -> int:
        """A population is known by its identity."""

    @property
    def draws(self) -> Draws:
        """The random columns of the population's seed."""

    @property
    def size(self) -> int:
        """How many persons there are."""

    @property
    def reference_date(self) -> date:
        """The day that everything is reckoned from."""

    @property
    def seed(self) -> int:
        """What the ids of records depend on."""

    @property
    def tables(self) -> Tables:
        """Which units are confused, and which codes are of the past."""

    @property
    def institutions(self) -> Sequence[Institution]:
        """Where the persons are known."""

    def homes(self, start: int, stop: int) -> Ints:
        """The home institution of each person from ``start`` to ``stop - 1``."""


class Record:
    """One row of ``rows``, to be spoiled. What is read of it, or ``known`` before, is kept."""

    __slots__ = ("_known", "population", "row", "rows")

    def __init__(
        self, rows: Rows, row: int, population: Source, known: dict[str, str] | None = None
    ) -> None:
        self.rows = rows
        self.row = row
        self.population = population
        self._known = {} if known is None else known

    def __getitem__(self, field: str) -> str:
        """The text of a field; empty when such rows have no field of that name."""
        if field not in self._known:
            value = self.rows.fields.get(field, b"")
            text: bytes = value if isinstance(value, bytes) else value.item(self.row)
            self._known[field] = text.decode()
        return self._known[field]

    @property
    def person(self) -> int:
        """Whose truth it tells."""
        return int(self.rows.person.item(self.row))


class Kind(Protocol):
    """A kind of dirt, as files and people name it."""

    @property
    def name(self) -> str:
        """As it stands in the fault rates of an institution."""

    @property
    def title(self) -> str:
        """What goes wrong, in a few words."""


class FieldKind(Kind, Protocol):
    """A kind that changes the fields of a record."""

    def fields(self, rows: Rows, tables: Tables) -> tuple[str, ...]:
        """The fields of such rows that it can change; none when it has no place in them."""

    def change(self, record: Record, field: str, choice: int) -> Mapping[str, str]:
        """The new texts by field.

        ``field`` is one of ``fields``, to be changed if only one is. ``choice`` are random bits,
        the only chance there is.
        """


def texts(rows: Rows, field: str, chosen: Ints) -> list[str]:
    """The texts of a field in some rows."""
    value = rows.fields[field]
    if isinstance(value, bytes):
        return [value.decode()] * len(chosen)
    return [text.decode() for text in value[chosen].tolist()]


def present(rows: Rows, *fields: str) -> tuple[str, ...]:
    """Those of ``fields`` that such rows have."""
    return tuple(field for field in fields if field in rows.fields)
