"""Switch 4, "millions of records expose inefficient queries": what a read costs as data grows.

Without it every page is read from the beginning, every row by a statement of its own, and a
statement that finds no index reads the whole table: fast in the pilot, dead after a year.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal

DEFAULT_SIZE = 20
_OBSERVATIONS, _CONCEPTS = 20, 200

_CHART = f"""
    SELECT p.content::text AS patient, p.content -> 'birthDate' #>> '{{}}' AS birth_date,
        ARRAY(
            SELECT o.content::text FROM resources o
            WHERE o.patient = p.id AND o.type = 'Observation'
            ORDER BY o.sequence DESC LIMIT {_OBSERVATIONS}
        ) AS observations,
        ARRAY(
            SELECT (a.content -> 'code')::text FROM resources a
            WHERE a.patient = p.id AND a.type = 'AllergyIntolerance'
            ORDER BY a.sequence LIMIT {_CONCEPTS}
        ) AS concepts,
        (SELECT l.allergies::text FROM allergy_lists l WHERE l.patient = p.id) AS listed
    FROM resources p WHERE p.id = $1 AND p.type = 'Patient'
"""  # noqa: S608 - constants of this file

# No two keys are equal, and to look for some takes time.
_DISTINCT = "WITH (deduplicate_items = off)"
INDEXES = {
    "resources_by_patient": f"resources (patient, type, sequence) {_DISTINCT}",
    "resources_by_tenant": f"resources (tenant, type, sequence) {_DISTINCT}",
    "patients_by_family": "resources (tenant, family) WHERE type = 'Patient'",
    "patients_by_gender": "resources (tenant, gender, sequence DESC) WHERE type = 'Patient'",
    "patients_by_birth_date": "resources (tenant, date, sequence DESC) WHERE type = 'Patient'",
    "identifiers_by_resource": "identifiers (id, type)",
    "provenances_by_target": "provenances (target, sequence DESC)",
    "provenances_by_patient": "provenances (patient, sequence DESC)",
    "provenances_by_tenant": "provenances (tenant, sequence DESC)",
    "orders_by_patient": "orders (patient, sequence)",
    "slots_by_tenant": "slots (tenant, sequence DESC)",
    "slots_by_status": "slots (tenant, status, sequence DESC)",
    "appointments_by_tenant": "appointments (tenant, sequence DESC)",
    "appointments_by_slot": "appointments (slot, sequence)",
    "appointments_by_patient": "appointments (patient, sequence DESC)",
}
"""One per access path. An index that grows at its end is read backwards as fast, and fills pages
that one which grows at its beginning leaves half empty."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are wanted: SQL made of constants of the code, and its arguments.

    `source` is an item of FROM with the alias `r`; it has a column `order` that tells its rows
    apart and sorts them, newest last.
    """

    source: str
    columns: str
    where: Sequence[str]
    arguments: Sequence[object]
    order: str = "sequence"
    key: str = "id"

    @property
    def condition(self) -> str:
        """All of `where`."""
        return " AND ".join(self.where)

    def place(self, ahead: int = 1) -> str:
        """The name of the argument that comes `ahead` after the last one."""
        return f"${len(self.arguments) + ahead}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the next ones, None after the last one."""

    rows: Sequence[Any]
    following: str | None


class BoundedQueries(Protocol):
    """Indexes, pages, and how many statements a list takes."""

    def statements(self) -> Sequence[str]:
        """SQL for the migration: which indexes there are."""
        ...

    def size(self, asked: str | None) -> int:
        """How many rows a page holds when the client asks for so many."""
        ...

    async def page(
        self, connection: Connection, selection: Selection, size: int, cursor: str | None
    ) -> Page:
        """The page at `cursor`, the newest row first; Refusal 400 for a cursor that is none."""
        ...

    async def chart(self, connection: Connection, patient: str) -> Any:
        """A mapping of patient, birth_date, observations, concepts and listed; None if unknown."""
        ...


class Pilot:
    """No index but the keys; pages by OFFSET; rows one by one; as many as the client likes."""

    def statements(self) -> Sequence[str]:
        """Drop what a production profile has left."""
        return [f"DROP INDEX IF EXISTS {name}" for name in INDEXES]

    def size(self, asked: str | None) -> int:
        """What was asked for."""
        return int(asked) if asked else DEFAULT_SIZE

    async def page(
        self, connection: Connection, selection: Selection, size: int, cursor: str | None
    ) -> Page:
        """Find the keys after the offset, then read each row."""
        offset = _position(cursor) or 0
        keys = await connection.fetch(
            f"SELECT r.{selection.key} AS key FROM {selection.source} "  # noqa: S608
            f"WHERE {selection.condition} ORDER BY r.{selection.order} DESC "
            f"LIMIT {selection.place(1)} OFFSET {selection.place(2)}",
            *selection.arguments, size + 1, offset,
        )  # fmt: skip
        statement = (
            f"SELECT {selection.columns} FROM {selection.source} "  # noqa: S608
            f"WHERE {selection.condition} AND r.{selection.key} = {selection.place()}"
        )
        rows = [
            await connection.fetchrow(statement, *selection.arguments, row["key"])
            for row in keys[:size]
        ]
        return Page(rows, _cursor(offset + size) if len(keys) > size else None)

    async def chart(self, connection: Connection, patient: str) -> Any:
        """The patient, then what belongs to him, one after the other."""
        row = await connection.fetchrow(
            "SELECT content::text AS patient, content -> 'birthDate' #>> '{}' AS birth_date "
            "FROM resources WHERE id = $1 AND type = 'Patient'",
            patient,
        )
        if row is None:
            return None
        observations = await _ids(connection, patient, "Observation", "DESC", _OBSERVATIONS)
        allergies = await _ids(connection, patient, "AllergyIntolerance", "ASC", _CONCEPTS)
        listed = "SELECT allergies::text FROM allergy_lists WHERE patient = $1"
        return {
            **row,
            "observations": [await _read(connection, "content", each) for each in observations],
            "concepts": [await _read(connection, "content -> 'code'", each) for each in allergies],
            "listed": await connection.fetchval(listed, patient),
        }


async def _ids(connection: Connection, patient: str, kind: str, way: str, count: int) -> list[str]:
    rows = await connection.fetch(
        "SELECT id FROM resources WHERE patient = $1 AND type = $2 "  # noqa: S608
        f"ORDER BY sequence {way} LIMIT {count}",
        patient, kind,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _read(connection: Connection, expression: str, resource_id: str) -> str:
    return str(
        await connection.fetchval(
            f"SELECT ({expression})::text FROM resources WHERE id = $1",  # noqa: S608
            resource_id,
        )
    )


class Production:
    """An index per access path; pages by key; one statement per list; a page has its limit."""

    largest = 100

    def statements(self) -> Sequence[str]:
        """Make what is missing."""
        return [f"CREATE INDEX IF NOT EXISTS {name} ON {on}" for name, on in INDEXES.items()]

    def size(self, asked: str | None) -> int:
        """What was asked for, within the limit: FHIR lets a server return fewer."""
        return min(int(asked), self.largest) if asked else DEFAULT_SIZE

    async def page(
        self, connection: Connection, selection: Selection, size: int, cursor: str | None
    ) -> Page:
        """One more row than the page tells whether there is a next one."""
        position, bound = _position(cursor), ""
        if position is not None:
            bound = f"AND r.{selection.order} < {selection.place(2)}"
        rows = await connection.fetch(
            f"SELECT r.{selection.order} AS position, {selection.columns} "  # noqa: S608
            f"FROM {selection.source} WHERE {selection.condition} {bound} "
            f"ORDER BY r.{selection.order} DESC LIMIT {selection.place(1)}",
            *selection.arguments, size + 1, *([] if position is None else [position]),
        )  # fmt: skip
        more = len(rows) > size
        return Page(rows[:size], _cursor(rows[size - 1]["position"]) if more else None)

    async def chart(self, connection: Connection, patient: str) -> Any:
        """One statement, whatever it holds."""
        return await connection.fetchrow(_CHART, patient)


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def _position(cursor: str | None) -> int | None:
    """What `_cursor` was made of."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        position = int(text) if text.isdigit() else -1
    except (binascii.Error, ValueError):
        position = -1
    if not 0 <= position < 2**63:
        raise Refusal(400, "_cursor: not one of this server. Begin without it.")
    return position
