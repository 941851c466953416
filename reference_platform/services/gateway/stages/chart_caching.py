"""Answers charts from the cache, and lets the cache know of every write."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from reference_platform.decisions.distributed_cache import (
    Copy,
    DistributedCache,
    NotContentError,
    Shared,
)
from reference_platform.services.call import ABOUT
from reference_platform.services.downstream import Reply
from reference_platform.services.gateway.exchange import Exchange, Proceed
from reference_platform.services.gateway.operations import CHART, Operation

_OF_A_PATIENT = ("/v1/patients/{id}", "/v1/fhir/Patient/{id}")
_REFERENCE = re.compile(rb'"(?:[^"]*/)?Patient/([A-Za-z0-9.-]{1,64})[/"]')
_SAFE = ("GET", "HEAD")
# Of the time that is left: a load that takes longer leaves the rest for an older copy.
_SHARE_OF_A_LOAD = 0.75


class _OtherReply(NotContentError):
    """An answer of records that is no chart."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class ChartCaching:
    """Hands out charts that were made a moment ago, until somebody writes.

    Args:
        cache: how they are kept.
        shared: where.
        key: the key of an answer by tenant, kind and id.
    """

    def __init__(
        self, cache: DistributedCache, shared: Shared, key: Callable[[str, str, str], str]
    ) -> None:
        self._cache = cache
        self._shared = shared
        self._key = key

    async def __call__(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """The chart, kept or new; after a write, its patients' charts are kept no longer."""
        if exchange.operation is CHART:
            return await self._read(exchange, proceed)
        if _may_change_charts(exchange.operation):
            return await self._write(exchange, proceed)
        return await proceed(exchange)

    async def _read(self, exchange: Exchange, proceed: Proceed) -> Reply:
        async def load() -> bytes:
            left = exchange.deadline.remaining()
            share = None if left is None else left * _SHARE_OF_A_LOAD
            async with exchange.deadline.within(share).scope():
                reply = await proceed(exchange)
            if reply.status != HTTPStatus.OK:
                raise _OtherReply(reply)
            return reply.body

        key = self._key(exchange.who.tenant, "chart", exchange.request.path_params["id"])
        try:
            return _answer(await self._cache.read(self._shared, key, load))
        except _OtherReply as other:
            return other.reply

    async def _write(self, exchange: Exchange, proceed: Proceed) -> Reply:
        """Forgets after failures too: a write whose answer was lost may have been done."""
        patients = _patients(exchange)
        try:
            reply = await proceed(exchange)
            patients |= _named(reply.body) | {reply.headers.get(ABOUT, "")} - {""}
        finally:
            tenant = exchange.who.tenant
            keys = [self._key(tenant, "chart", patient) for patient in sorted(patients)]
            await self._cache.forget(self._shared, keys)
        return reply


def _may_change_charts(operation: Operation) -> bool:
    return operation.service == CHART.service and operation.method not in _SAFE


def _patients(exchange: Exchange) -> set[str]:
    """Ids of the patients that the path and the body name."""
    found = _named(exchange.body or b"")
    if exchange.operation.path.startswith(_OF_A_PATIENT):
        found.add(exchange.request.path_params["id"])
    return found


def _named(body: bytes) -> set[str]:
    return {each.decode() for each in _REFERENCE.findall(body)}


def _answer(copy: Copy) -> Reply:
    """RFC 9111's Age and, when it is old, RFC 7234's Warning and a mark that a program can read."""
    if not copy.stale:
        return Reply(HTTPStatus.OK, {}, copy.content)
    headers = {
        "Age": str(int(copy.age)),
        "Warning": '110 - "Response is Stale"',
        "X-Stale": "true",
    }
    return Reply(HTTPStatus.OK, headers, copy.content)
