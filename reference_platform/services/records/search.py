"""FHIR search of one resource type: newest first, always bounded."""

from __future__ import annotations

from starlette.responses import Response

from reference_platform.services.call import Call, answer
from reference_platform.services.inner import Stored
from reference_platform.services.records.resources import PREFIX

_DEFAULT_COUNT = 20
_LAST_CHARACTER = "\U0010ffff"


class Searches:
    """Searches for resources of one type."""

    def __init__(self, inner: Stored, kind: str) -> None:
        self._inner = inner
        self._kind = kind

    async def search(self, call: Call) -> Response:
        """`GET /v1/fhir/{type}?identifier=&patient=&family=&_count=`."""
        where, arguments = self._conditions(call)
        count = int(call.query.get("_count", _DEFAULT_COUNT))
        statement = (
            f"SELECT r.id, r.content::text FROM resources r WHERE {' AND '.join(where)} "  # noqa: S608
            f"ORDER BY r.sequence DESC LIMIT ${len(arguments) + 1}"
        )
        async with self._inner.transaction(call) as connection:
            rows = await connection.fetch(statement, *arguments, count)
        return answer(self._bundle([(row["id"], row["content"]) for row in rows]))

    def _conditions(self, call: Call) -> tuple[list[str], list[str]]:
        """SQL conditions, all of them constants of this file, and their arguments."""
        where, arguments = ["r.type = $1"], [self._kind]

        def add(condition: str, *values: str) -> None:
            places = [f"${len(arguments) + n + 1}" for n in range(len(values))]
            arguments.extend(values)
            where.append(condition.format(*places))

        if (token := call.query.get("identifier")) is not None:
            add(
                "r.id IN (SELECT i.id FROM identifiers i WHERE i.value = {} AND i.type = $1)", token
            )
        if (patient := call.query.get("patient")) is not None:
            add("r.patient = {}", patient.removeprefix("Patient/"))
        if (family := call.query.get("family")) is not None and self._kind == "Patient":
            first = family.lower()
            add("r.family >= {} AND r.family < {}", first, first + _LAST_CHARACTER)
            add("r.tenant = {}", call.tenant)
        if len(arguments) == 1:
            add("r.tenant = {}", call.tenant)
        return where, arguments

    def _bundle(self, matches: list[tuple[str, str]]) -> str:
        """A searchset; the resources are JSON already and are not parsed again."""
        entries = ",".join(
            f'{{"fullUrl":"{PREFIX}/{self._kind}/{key}","resource":{content}}}'
            for key, content in matches
        )
        return (
            f'{{"resourceType":"Bundle","type":"searchset","total":{len(matches)},'
            f'"entry":[{entries}]}}'
        )
