"""Whether a patient is known: what every service asks before it writes about one."""

from __future__ import annotations

from reference_platform.database.connection import Connection
from reference_platform.outcomes import Refusal


async def require_patient(connection: Connection, patient: object) -> None:
    """Refusal 404 unless a Patient has this id."""
    known = await connection.fetchval(
        "SELECT 1 FROM resources WHERE id = $1 AND type = 'Patient'", str(patient)
    )
    if known is None:
        raise Refusal(404, "Patient: no patient has this id.")
