"""The acknowledged-write ledger: what the platform said it has, against what it has.

The load writes down every acknowledgement (``codeblue.load.ledger``); here each is read back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from codeblue.load.ledger import Acknowledged, read_ledger
from codeblue.session import Session

READERS = 16
TRIES = 3
PAUSE = 0.2  # seconds between tries
GONE = frozenset({404, 410})


@dataclass(frozen=True)
class LedgerResult:
    """Counts of acknowledged writes: ``acknowledged = kept + lost + unknown``."""

    acknowledged: int
    kept: int
    lost: int
    duplicated: int
    """Of those kept, the ones that are there more than once."""
    unknown: int
    """Could not be read, in three tries."""


def reconcile(session: Session, load_label: str) -> LedgerResult:
    """Read back everything acknowledged during the load, and journal a ``ledger`` event.

    The platform has to be healthy again: what cannot be read counts as unknown, not as kept.
    """
    entries = list(read_ledger(session.run.path, load_label))
    headers = {tenant: session.headers(tenant) for tenant in {entry.tenant for entry in entries}}
    result = count(entries, asyncio.run(read_back(session.base_url, headers, entries)))
    session.journal.event("ledger", load=load_label, **asdict(result))
    return result


def count(entries: Sequence[Acknowledged], found: Sequence[int | None]) -> LedgerResult:
    """Sum up: how often each entry was ``found``, ``None`` where that could not be seen."""
    return LedgerResult(
        acknowledged=len(entries),
        kept=sum(times is not None and times > 0 for times in found),
        lost=sum(times == 0 for times in found),
        duplicated=sum(times is not None and times > 1 for times in found),
        unknown=sum(times is None for times in found),
    )


async def read_back(
    base_url: str, headers: dict[str, dict[str, str]], entries: Sequence[Acknowledged]
) -> list[int | None]:
    """How often the platform has each entry, ``None`` if it does not say. One read per place."""
    limits = httpx.Limits(max_connections=READERS)
    async with httpx.AsyncClient(base_url=base_url, limits=limits, timeout=10) as client:
        gate = asyncio.Semaphore(READERS)
        places = list(dict.fromkeys((entry.tenant, entry.where) for entry in entries))
        reads = (_read(client, gate, where, headers[tenant]) for tenant, where in places)
        bodies = dict(zip(places, await asyncio.gather(*reads), strict=True))
    return [_occurrences(bodies[entry.tenant, entry.where], entry.must) for entry in entries]


async def _read(
    client: httpx.AsyncClient, gate: asyncio.Semaphore, where: str, headers: dict[str, str]
) -> dict[str, Any] | None:
    """The body at ``where``, empty if it is gone, ``None`` if no try gave an answer to rely on."""
    async with gate:
        for _ in range(TRIES):
            try:
                answer = await client.get(where, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(PAUSE)
                continue
            if answer.is_success:
                return _object(answer)
            if answer.status_code in GONE:
                return {}
            await asyncio.sleep(PAUSE)
    return None


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _occurrences(body: dict[str, Any] | None, must: dict[str, Any]) -> int | None:
    if body is None:
        return None
    if _holds(body, must):
        return 1
    return sum(_holds(entry, must) for entry in _entries(body))


def _entries(body: dict[str, Any]) -> list[Any]:
    """The members of a collection; those of a FHIR Bundle are one level down."""
    members = [member for value in body.values() if isinstance(value, list) for member in value]
    return [m.get("resource", m) if isinstance(m, dict) else m for m in members]


def _holds(actual: object, must: object) -> bool:
    """Whether ``actual`` has every field of ``must``, and equal values at its leaves."""
    if isinstance(must, dict):
        return isinstance(actual, dict) and all(
            name in actual and _holds(actual[name], value) for name, value in must.items()
        )
    return actual == must
