"""FHIR transactions: several resources created together, or none."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from reference_platform.rows import Row, instant
from reference_platform.services.call import Call, answer, new_id
from reference_platform.services.inner import Stored
from reference_platform.services.records.resources import etag
from reference_platform.services.records.writing import insert
from reference_platform.services.searchset import PREFIX


class Transactions:
    """Bundles of type transaction whose entries are all POST."""

    def __init__(self, inner: Stored) -> None:
        self._inner = inner

    async def commit(self, call: Call) -> Response:
        """`POST /v1/fhir`."""
        entries = call.json()["entry"]
        ids = [new_id() for _ in entries]
        kinds = [entry["resource"]["resourceType"] for entry in entries]
        places = {
            entry["fullUrl"]: f"{kind}/{key}"
            for entry, kind, key in zip(entries, kinds, ids, strict=True)
            if "fullUrl" in entry
        }
        moment = self._inner.settings.clock.now()
        async with self._inner.transaction(call) as connection:
            for entry, kind, key in _patients_first(zip(entries, kinds, ids, strict=True)):
                row = Row(kind, key, 1, _resolved(entry["resource"], places), moment)
                await insert(connection, call.who, row)
        return answer(_response(kinds, ids, instant(moment)))


def _patients_first(entries: Any) -> list[tuple[Any, str, str]]:
    """The others refer to them; the order of a transaction means nothing in FHIR."""
    return sorted(entries, key=lambda entry: entry[1] != "Patient")


def _resolved(value: Any, places: dict[str, str]) -> Any:
    """`value` with every reference to an entry of the bundle replaced by the place it got."""
    if isinstance(value, list):
        return [_resolved(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: places.get(each, each)
        if key == "reference" and isinstance(each, str)
        else _resolved(each, places)
        for key, each in value.items()
    }


def _response(kinds: list[str], ids: list[str], moment: str) -> bytes:
    entries = [
        {
            "response": {
                "status": "201 Created",
                "location": f"{PREFIX}/{kind}/{key}",
                "etag": etag(1),
                "lastModified": moment,
            }
        }
        for kind, key in zip(kinds, ids, strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
    return orjson.dumps(bundle)
