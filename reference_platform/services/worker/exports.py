"""Exports: NDJSON files, each line sealed for the patient it is about."""

from __future__ import annotations

import base64
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.audit.event import instant
from reference_platform.database.connection import Connection
from reference_platform.database.patients import require_patient
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored

_KEY = 32  # bytes, AES-256
_SHOWN = 1000
_LINES = """
    SELECT coalesce(patient, id) AS patient, content::text AS content FROM resources
    WHERE tenant = $1 AND (patient IS NOT NULL OR type = 'Patient')
        AND ($2::text IS NULL OR patient = $2 OR id = $2)
    ORDER BY 1, sequence
"""


class Exports:
    """Files in the folder `exports` of the platform's data."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._model = inner.decisions.retention_model
        self._clock = inner.settings.clock
        self._folder = inner.settings.data_folder / "exports"

    async def create(self, call: Call) -> Response:
        """`POST /v1/exports`."""
        export, patient = new_id(), call.json().get("patient")
        async with self._inner.transaction(call) as connection:
            if patient is not None:
                await require_patient(connection, patient)
            rows = await connection.fetch(_LINES, call.tenant, patient)
            keys = await _keys(connection, call.tenant, sorted({row["patient"] for row in rows}))
            self._write(export, [self._line(export, row, keys) for row in rows])
            await connection.execute(
                "INSERT INTO exports (tenant, id, recorded, patients, lines) "
                "VALUES ($1, $2, $3, $4, $5)",
                call.tenant, export, self._clock.now(), len(keys), len(rows),
            )  # fmt: skip
        told = {"id": export, "recorded": instant(self._clock)}
        return answer(orjson.dumps({**told, "patients": len(keys), "lines": len(rows)}), 201)

    async def read(self, call: Call) -> Response:
        """`GET /v1/exports/{id}`: what the keys that are left still open."""
        export = call.path["id"]
        async with self._inner.transaction(call) as connection:
            known = await connection.fetchval(
                "SELECT 1 FROM exports WHERE tenant = $1 AND id = $2", call.tenant, export
            )
            if known is None:
                raise Refusal(404, "Export: nothing has this id.")
            lines = [orjson.loads(line) for line in self._path(export).open("rb")]
            keys = await connection.fetch(
                "SELECT id, key FROM patient_keys WHERE tenant = $1 AND id = ANY($2::text[])",
                call.tenant, sorted({line["key"] for line in lines}),
            )  # fmt: skip
        by_id = {row["id"]: row["key"] for row in keys}
        opened = [self._open(export, line, by_id) for line in lines]
        resources = [orjson.loads(one) for one in opened if one is not None]
        told = {"id": export, "lines": len(lines), "unreadable": len(lines) - len(resources)}
        return answer(orjson.dumps({**told, "resources": resources[:_SHOWN]}))

    async def expire(self, connection: Connection, tenant: str, before: datetime) -> None:
        """Delete the exports that were made before."""
        rows = await connection.fetch(
            "DELETE FROM exports WHERE tenant = $1 AND recorded < $2 RETURNING id", tenant, before
        )
        for row in rows:
            self._path(row["id"]).unlink(missing_ok=True)

    def _path(self, export: str) -> Path:
        return self._folder / f"{export}.ndjson"

    def _write(self, export: str, lines: list[bytes]) -> None:
        """Whole, or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{export}.draft"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(lines)
        draft.replace(self._path(export))

    def _line(self, export: str, row: Any, keys: dict[str, tuple[str, bytes]]) -> bytes:
        name, key = keys[row["patient"]]
        sealed = self._model.seal(row["content"].encode(), key, export)
        line = {"key": name, "sealed": base64.b64encode(sealed).decode()}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    def _open(self, export: str, line: dict[str, str], keys: dict[str, bytes]) -> bytes | None:
        return self._model.unseal(base64.b64decode(line["sealed"]), keys.get(line["key"]), export)


async def _keys(
    connection: Connection, tenant: str, patients: list[str]
) -> dict[str, tuple[str, bytes]]:
    """The name and the key of every patient, drawn for those who have none."""
    await connection.executemany(
        "INSERT INTO patient_keys (tenant, patient, id, key) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT DO NOTHING",
        [(tenant, patient, new_id(), os.urandom(_KEY)) for patient in patients],
    )
    rows = await connection.fetch(
        "SELECT patient, id, key FROM patient_keys WHERE tenant = $1 AND patient = ANY($2::text[])",
        tenant, patients,
    )  # fmt: skip
    return {row["patient"]: (row["id"], row["key"]) for row in rows}
