"""A patient's allergy list: short, shared, and changed by several people at once."""

from __future__ import annotations

from starlette.responses import Response

from reference_platform.database.patients import require_patient
from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored


class AllergyLists:
    """One list per patient."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner
        self._concurrency = inner.decisions.concurrency_control

    async def read(self, call: Call) -> Response:
        """`GET /v1/patients/{id}/allergies`."""
        async with self._inner.transaction(call) as connection:
            await require_patient(connection, call.path["id"])
            row = await connection.fetchrow(
                "SELECT allergies::text, version FROM allergy_lists WHERE patient = $1",
                call.path["id"],
            )
        return _listing(*(row or ("[]", 0)))

    async def append(self, call: Call) -> Response:
        """`POST /v1/patients/{id}/allergies`."""
        async with self._inner.transaction(call) as connection:
            await require_patient(connection, call.path["id"])
            allergies, version = await self._concurrency.append_allergy(
                connection, call.tenant, call.path["id"], call.json()
            )
        return _listing(allergies, version, status=201)


def _listing(allergies: str, version: int, status: int = 200) -> Response:
    return answer(f'{{"allergies":{allergies},"version":{version}}}', status)
