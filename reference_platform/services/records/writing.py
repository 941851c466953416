"""What is written with every version of a resource: row, former version, identifiers, provenance.

One statement each, so that nothing of it can be missing and a write stays one round trip.
"""

from __future__ import annotations

from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.rows import Row, nul
from reference_platform.services.call import new_id

_PROVENANCE = """
    INSERT INTO provenances
        (tenant, id, patient, target, version, recorded, activity, subject, role)
    VALUES ($1, $4, {patient}, $2 || '/' || $3, $6, $7, {activity}, $8, $9)
"""
_INDEXED = """
    indexed AS (
        INSERT INTO identifiers (tenant, type, value, id, patient)
        SELECT $1, $2, token, $3, $5 FROM unnest($14::text[]) token ON CONFLICT DO NOTHING
    )
"""
_INSERT = f"""
    WITH written AS (
        INSERT INTO resources
            (tenant, type, id, version, updated, patient, family, gender, date, content)
        VALUES ($1, $2, $3, $6, $7, $5, $10, $11, $12, $13)
    ), {_INDEXED}
    {_PROVENANCE.format(patient="$5", activity="'CREATE'")}
"""  # noqa: S608 - constants of this file
_FORMER = """
    former AS (
        INSERT INTO resource_versions (tenant, type, id, version, patient, content)
        SELECT tenant, type, id, version, patient, content
        FROM resources WHERE id = $3 AND type = $2
    )
"""
_REPLACE = f"""
    WITH {_FORMER}, written AS (
        UPDATE resources SET version = $6, updated = $7, patient = $5, family = $10, gender = $11,
            date = $12, content = $13
        WHERE id = $3 AND type = $2
    ), unindexed AS (
        DELETE FROM identifiers WHERE id = $3 AND type = $2 AND value <> ALL ($14::text[])
    ), {_INDEXED}
    {_PROVENANCE.format(patient="$5", activity="'UPDATE'")}
"""  # noqa: S608
_SUBJECT = "coalesce($5, (SELECT patient FROM resources WHERE id = $3 AND type = $2))"
_DELETE = f"""
    WITH {_FORMER}, removed AS (
        DELETE FROM resources WHERE id = $3 AND type = $2
    ), unindexed AS (
        DELETE FROM identifiers WHERE id = $3 AND type = $2
    ), tombstone AS (
        INSERT INTO resource_versions (tenant, type, id, version, patient, deleted)
        VALUES ($1, $2, $3, $6, {_SUBJECT}, $7)
    )
    {_PROVENANCE.format(patient=_SUBJECT, activity="'DELETE'")}
"""  # noqa: S608


async def insert(connection: Connection, who: Identity, row: Row) -> None:
    """Store a new resource.

    Refusal 404: it is about an unknown patient. Refusal 422: PostgreSQL could not read it again.
    """
    await _require_subject(connection, row)
    await connection.execute(_INSERT, *_written(who, row))


async def replace(connection: Connection, who: Identity, row: Row) -> None:
    """Store the next version of a resource that is there. Refusals as in `insert`."""
    await _require_subject(connection, row)
    await connection.execute(_REPLACE, *_written(who, row))


async def remove(connection: Connection, who: Identity, row: Row) -> None:
    """Delete a resource; `row` is its tombstone, and says nothing but that."""
    await connection.execute(_DELETE, *_provenance(who, row))


async def _require_subject(connection: Connection, row: Row) -> None:
    if row.patient is not None and row.kind != "Patient":
        await require_patient(connection, row.patient)


def _provenance(who: Identity, row: Row) -> list[object]:
    return [
        who.tenant, row.kind, row.id, new_id(), row.patient, row.version, row.moment,
        who.subject, who.role,
    ]  # fmt: skip


def _written(who: Identity, row: Row) -> list[object]:
    if nul(row.json) is not None:
        raise Refusal(422, f"{row.kind}: the character U+0000 cannot be stored.")
    return [
        *_provenance(who, row), row.family, row.gender, row.date, row.content, row.tokens,
    ]  # fmt: skip
