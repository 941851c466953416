"""Switch 29, "Compliance-ready data retention models": how long anything stays, and how it goes.

Without it nothing ever expires, what is deleted by id lives on in a dozen tables and in every
export, and nobody can prove that it is gone, or that it was not destroyed too early.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reference_platform import policies
from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal

_NONCE = 12  # bytes, as AES-GCM wants it
# Rows of tables with a column `patient`, and rows of all others that name the patient anywhere.
# Identifiers that are shorter than 12 characters may, as text, be part of anything.
_ABOUT = "patient = ANY($2::text[])"
_NAMING = """EXISTS (SELECT 1 FROM unnest($2::text[]) AS name
    WHERE length(name) >= 12 AND strpos(whole::text, name) > 0)"""
_TABLES = """
    SELECT c.table_name AS name, bool_or(c.column_name = 'patient') AS about_patients
    FROM information_schema.columns c JOIN pg_tables t
        ON t.schemaname = c.table_schema AND t.tablename = c.table_name
    WHERE c.table_schema = 'platform' GROUP BY c.table_name ORDER BY c.table_name
"""
_EXPIRED = """
    SELECT p.id FROM resources p
    WHERE p.tenant = $1 AND p.type = 'Patient' AND p.updated < $2
        AND NOT EXISTS (SELECT 1 FROM resources o
            WHERE o.tenant = $1 AND o.patient = p.id AND o.updated >= $2)
    UNION
    SELECT v.id FROM resource_versions v
    WHERE v.tenant = $1 AND v.type = 'Patient' AND v.deleted < $2
        AND NOT EXISTS (SELECT 1 FROM resources r WHERE r.id = v.id AND r.type = 'Patient')
    LIMIT $3
"""


class RetentionModel(Protocol):
    """What goes when, how, and what makes copies unreadable."""

    async def expired(
        self, connection: Connection, tenant: str, now: datetime, most: int
    ) -> Sequence[str]:
        """Patients whose maximum is over."""
        ...

    async def held(self, connection: Connection, tenant: str, patient: str) -> bool:
        """Whether a legal hold forbids to erase anything."""
        ...

    async def erase(self, connection: Connection, tenant: str, patient: str) -> Mapping[str, int]:
        """Erase the patient; rows by table."""
        ...

    def kept(self) -> Mapping[str, str]:
        """What an erasure leaves, and why."""
        ...

    def seal(self, line: bytes, key: bytes, about: str) -> bytes:
        """A line of an export, as it is written."""
        ...

    def unseal(self, sealed: bytes, key: bytes | None, about: str) -> bytes | None:
        """The line again; None when it cannot be read any more."""
        ...

    def export_days(self) -> int | None:
        """After how many days exports are deleted; None = never."""
        ...


class Pilot:
    """Nothing expires; DELETE by id."""

    async def expired(
        self,
        connection: Connection,  # noqa: ARG002
        tenant: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        most: int,  # noqa: ARG002
    ) -> Sequence[str]:
        """Nobody."""
        return ()

    async def held(self, connection: Connection, tenant: str, patient: str) -> bool:  # noqa: ARG002
        """Nobody asks."""
        return False

    async def erase(self, connection: Connection, tenant: str, patient: str) -> Mapping[str, int]:
        """The row with this id."""
        done = await connection.execute(
            "DELETE FROM resources WHERE tenant = $1 AND id = $2", tenant, patient
        )
        return {"resources": _count(done)}

    def kept(self) -> Mapping[str, str]:
        """Nobody knows."""
        return {}

    def seal(self, line: bytes, key: bytes, about: str) -> bytes:  # noqa: ARG002
        """As it is."""
        return line

    def unseal(self, sealed: bytes, key: bytes | None, about: str) -> bytes | None:  # noqa: ARG002
        """As it was."""
        return sealed

    def export_days(self) -> int | None:
        """Never."""
        return None


class Production:
    """A policy per record class; every table is searched; every patient's exports have a key."""

    async def expired(
        self, connection: Connection, tenant: str, now: datetime, most: int
    ) -> Sequence[str]:
        """Those whose last activity is further back than the policy's maximum."""
        days = policies.policy()["health_record"].maximum_days
        if days is None:
            return ()
        before = now - timedelta(days=days)
        rows = await connection.fetch(_EXPIRED, tenant, before, most)
        return [row["id"] for row in rows]

    async def held(self, connection: Connection, tenant: str, patient: str) -> bool:
        """As the latest word on this patient says."""
        active = await connection.fetchval(
            "SELECT active FROM legal_holds WHERE tenant = $1 AND patient = $2 FOR UPDATE",
            tenant, patient,
        )  # fmt: skip
        return bool(active)

    async def erase(self, connection: Connection, tenant: str, patient: str) -> Mapping[str, int]:
        """From every table that the schema has, so that nobody needs to remember a new one.

        Rows that say so in a column `patient`, and rows that name the patient anywhere else.
        """
        names = await _names(connection, tenant, patient)
        counts: dict[str, int] = {}
        for table in await connection.fetch(_TABLES):
            if table["name"] not in policies.kept():
                where = _ABOUT if table["about_patients"] else _NAMING
                counts[table["name"]] = _count(
                    await connection.execute(
                        f"DELETE FROM {table['name']} AS whole WHERE tenant = $1 AND {where}",  # noqa: S608
                        tenant, names,
                    )
                )  # fmt: skip
        return {name: count for name, count in counts.items() if count}

    def kept(self) -> Mapping[str, str]:
        """As the policy says."""
        return {table: told.citation for table, told in policies.kept().items()}

    def seal(self, line: bytes, key: bytes, about: str) -> bytes:
        """AES-256-GCM; `about` is authenticated with it."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(key).encrypt(nonce, line, about.encode())

    def unseal(self, sealed: bytes, key: bytes | None, about: str) -> bytes | None:
        """None without the key that sealed it."""
        if key is None:
            return None
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except InvalidTag:
            return None

    def export_days(self) -> int | None:
        """As the policy says."""
        return policies.policy()["export"].maximum_days


async def _names(connection: Connection, tenant: str, patient: str) -> list[str]:
    """The id of a patient and the values of the identifiers; Refusal 404 for nobody.

    Values without the system: partners know the patient by them.
    """
    rows = await connection.fetch(
        "SELECT value FROM identifiers WHERE tenant = $1 AND id = $2 AND type = 'Patient'",
        tenant, patient,
    )  # fmt: skip
    known = await connection.fetchval(
        "SELECT 1 FROM resources WHERE tenant = $1 AND id = $2 AND type = 'Patient' UNION ALL "
        "SELECT 1 FROM resource_versions WHERE tenant = $1 AND id = $2 AND type = 'Patient' "
        "LIMIT 1",
        tenant, patient,
    )  # fmt: skip
    if not known:
        raise Refusal(404, "Patient: nothing has this id.")
    return [patient, *sorted({row["value"] for row in rows})]


def _count(command: str) -> int:
    """The rows of a command tag such as `DELETE 3`."""
    return int(command.rpartition(" ")[2])
