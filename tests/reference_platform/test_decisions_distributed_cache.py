from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.decisions.distributed_cache import (
    CacheLostError,
    Copy,
    DistributedCache,
    NotContentError,
    Pilot,
    Production,
)
from reference_platform.outcomes import Refusal

from .conftest import Running, Start, patient

KEY = "riverside:chart:1"
READERS = 200


class Brief(Production):
    fresh, jitter, stale = 0.05, 0.0, 60.0


class Store:
    """The protocol of the shared store, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.reserved: dict[str, tuple[str, float]] = {}
        self.lost = False

    async def _trip(self) -> None:
        await asyncio.sleep(0)
        if self.lost:
            raise CacheLostError

    async def look(self, key: str) -> bytes | None:
        await self._trip()
        return self.kept.get(key)

    async def reserve(self, key: str, token: str, seconds: float) -> bool:
        await self._trip()
        if self.reserved.get(key, ("", 0.0))[1] > time.monotonic():
            return False
        self.reserved[key] = token, time.monotonic() + seconds
        return True

    async def finish(self, key: str, token: str, content: bytes, seconds: float) -> None:  # noqa: ARG002
        await self._trip()
        if self.reserved.get(key, ("", 0.0))[0] != token:
            return
        del self.reserved[key]
        if content:
            self.kept[key] = content

    async def drop(self, keys: Iterable[str]) -> None:
        await self._trip()
        for key in keys:
            self.kept.pop(key, None)
            self.reserved.pop(key, None)


class Origin:
    """The record that is cached."""

    def __init__(self) -> None:
        self.content = b"one"
        self.loads = 0
        self.error: Exception | None = None
        self.seconds = 0.01

    async def load(self) -> bytes:
        self.loads += 1
        content = self.content
        await asyncio.sleep(self.seconds)
        if self.error:
            raise self.error
        return content


Story = Callable[[list[DistributedCache], Store, Origin], Coroutine[Any, Any, None]]


def tell(story: Story, variant: Callable[[], DistributedCache]) -> Origin:
    """Runs a story of two processes, one store and one origin."""
    origin = Origin()
    asyncio.run(story([variant(), variant()], Store(), origin))
    return origin


async def read_at_once(caches: list[DistributedCache], store: Store, origin: Origin) -> None:
    reads = [caches[n % 2].read(store, KEY, origin.load) for n in range(READERS)]
    assert {copy.content for copy in await asyncio.gather(*reads)} == {origin.content}


async def expire_under_load(caches: list[DistributedCache], store: Store, origin: Origin) -> None:
    await caches[0].read(store, KEY, origin.load)
    await asyncio.sleep(2 * Brief.fresh)
    await read_at_once(caches, store, origin)


def test_many_readers_at_expiry_are_one_load_in_production_and_as_many_in_pilot() -> None:
    assert tell(expire_under_load, Brief).loads <= 1 + 3
    assert tell(read_at_once, Production).loads <= 3
    assert tell(read_at_once, Pilot).loads == READERS


async def seen_elsewhere(variant: Callable[[], DistributedCache]) -> bytes:
    here, there, store, origin = variant(), variant(), Store(), Origin()
    await there.read(store, KEY, origin.load)
    origin.content = b"two"
    await here.forget(store, [KEY])
    return (await there.read(store, KEY, origin.load)).content


def test_a_write_is_seen_through_the_other_process_in_production_only() -> None:
    assert asyncio.run(seen_elsewhere(Production)) == b"two"
    assert asyncio.run(seen_elsewhere(Pilot)) == b"one"


@given(st.lists(st.tuples(st.sampled_from(["read", "write"]), st.integers(0, 1)), max_size=20))
def test_whoever_reads_after_a_write_never_reads_what_was_before(
    steps: list[tuple[str, int]],
) -> None:
    async def run() -> None:
        caches, store, origin = [Production(), Production()], Store(), Origin()
        origin.seconds = 0
        for number, (step, process) in enumerate(steps):
            if step == "write":
                origin.content = str(number).encode()
                await caches[process].forget(store, [KEY])
            else:
                copy = await caches[process].read(store, KEY, origin.load)
                assert copy == Copy(origin.content, copy.age)

    asyncio.run(run())


def test_what_was_loaded_before_a_write_is_not_kept_after_it() -> None:
    async def run() -> None:
        cache, store, origin = Production(), Store(), Origin()
        early = asyncio.create_task(cache.read(store, KEY, origin.load))
        await asyncio.sleep(origin.seconds / 2)
        origin.content = b"two"
        await cache.forget(store, [KEY])
        assert (await early).content == b"one"
        assert (await cache.read(store, KEY, origin.load)).content == b"two"

    asyncio.run(run())


@pytest.mark.parametrize("error", [Refusal(503, "gone"), TimeoutError(), NotContentError(500)])
def test_an_old_copy_is_answered_when_the_origin_fails_and_says_that_it_is_old(
    error: Exception,
) -> None:
    async def run() -> None:
        cache, store, origin = Brief(), Store(), Origin()
        await cache.read(store, KEY, origin.load)
        await asyncio.sleep(2 * Brief.fresh)
        origin.error = error
        for _ in range(3):
            copy = await cache.read(store, KEY, origin.load)
            assert (copy.content, copy.stale) == (b"one", True)
            assert copy.age >= Brief.fresh
        await cache.forget(store, [KEY])  # somebody wrote: the copy is known to be wrong
        with pytest.raises(type(error)):
            await cache.read(store, KEY, origin.load)

    asyncio.run(run())


@pytest.mark.parametrize("error", [Refusal(403, "not yours"), NotContentError(404)])
def test_what_the_origin_says_is_not_hidden_behind_an_old_copy(error: Exception) -> None:
    async def run() -> None:
        cache, store, origin = Brief(), Store(), Origin()
        await cache.read(store, KEY, origin.load)
        await asyncio.sleep(2 * Brief.fresh)
        origin.error = error
        with pytest.raises(type(error)):
            await cache.read(store, KEY, origin.load)
        assert not store.reserved

    asyncio.run(run())


def test_without_the_store_everything_is_loaded_and_loads_are_still_shared() -> None:
    async def run(caches: list[DistributedCache], store: Store, origin: Origin) -> None:
        store.lost = True
        await read_at_once(caches, store, origin)
        await caches[0].forget(store, [KEY])

    assert tell(run, Production).loads <= 2


def test_a_reader_who_leaves_takes_nobody_along() -> None:
    async def run() -> None:
        cache, store, origin = Production(), Store(), Origin()
        first, second = (asyncio.create_task(cache.read(store, KEY, origin.load)) for _ in range(2))
        await asyncio.sleep(origin.seconds / 2)
        first.cancel()
        assert (await second).content == b"one"
        assert origin.loads == 1

    asyncio.run(run())


def test_the_dict_of_the_pilot_is_bounded() -> None:
    async def run() -> int:
        cache, store, origin = Pilot(), Store(), Origin()
        origin.seconds = 0
        for number in [*range(2 * Pilot.size), *range(Pilot.size, 2 * Pilot.size)]:
            await cache.read(store, str(number), origin.load)
        return origin.loads

    assert asyncio.run(run()) == 2 * Pilot.size


def through(platform: Running, port: str) -> httpx.Client:
    base = f"http://127.0.0.1:{getattr(platform.settings, port)}"
    return httpx.Client(base_url=base, headers=platform.client().headers, timeout=20)


def chart_loads(platform: Running) -> int:
    """How often records was asked for a chart."""
    text = httpx.get(f"http://127.0.0.1:{platform.settings.records_port}/metrics").text
    route = r'route="/v1/patients/{id}/chart",service="records"'
    return int(
        sum(
            float(n) for n in re.findall(rf"^platform_requests_total.*{route}.* (\S+)$", text, re.M)
        )
    )


async def read_together(platform: Running, known: str, count: int) -> set[str]:
    ports = (platform.settings.gateway_port, platform.settings.replica_port)
    limits = httpx.Limits(max_connections=count)
    headers = platform.client().headers
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=60) as client:
        places = [
            f"http://127.0.0.1:{ports[n % 2]}/v1/patients/{known}/chart" for n in range(count)
        ]
        answers = await asyncio.gather(*(client.get(place) for place in places))
    return {answer.text[:200] if answer.status_code != 200 else "" for answer in answers}


@pytest.mark.slow
def test_readers_through_two_gateways_when_a_chart_expires(start: Start) -> None:
    """Nobody is turned away for want of room: on a busy machine 60 at once may be too many."""
    platform = start("production-admission_control")
    with platform.client() as client, through(platform, "replica_port") as replica:
        known = patient(client)
        for gateway in (client, replica):
            assert gateway.get(f"/v1/patients/{known}/chart").status_code == 200
    time.sleep(Production.fresh * (1 + Production.jitter))
    before = chart_loads(platform)
    assert asyncio.run(read_together(platform, known, 60)) == {""}
    assert 1 <= chart_loads(platform) - before <= 3


@pytest.mark.slow
def test_readers_of_a_chart_that_nobody_has_read_in_pilot(start: Start) -> None:
    platform = start("pilot")
    with platform.client() as client:
        known = patient(client)
    before = chart_loads(platform)
    assert asyncio.run(read_together(platform, known, 60)) == {""}
    assert chart_loads(platform) - before > 20


WRITES: dict[str, Callable[[str], tuple[str, dict[str, object]]]] = {
    "observation": lambda known: (
        "/v1/fhir/Observation",
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "subject": {"reference": f"Patient/{known}"},
            "effectiveDateTime": "2026-01-01T00:00:00Z",
            "valueQuantity": {
                "value": 71, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"
            },
        },
    ),
    "allergy": lambda known: (
        f"/v1/patients/{known}/allergies",
        {"code": "91935009", "display": "Peanut"},
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("profile", "seen"), [("production", True), ("pilot", False)])
def test_a_write_here_is_in_the_chart_there(
    start: Start, profile: str, seen: bool, write: str
) -> None:
    platform = start(profile)
    with platform.client() as here, through(platform, "replica_port") as there:
        known = patient(here)
        before = there.get(f"/v1/patients/{known}/chart").content
        path, body = WRITES[write](known)
        assert here.post(path, json=body).status_code == 201
        after = there.get(f"/v1/patients/{known}/chart").content
    assert (after != before) is seen


@pytest.mark.slow
@pytest.mark.parametrize("how", ["deleted", "moved to another patient"])
def test_what_is_taken_away_here_is_gone_from_the_chart_there(start: Start, how: str) -> None:
    """Neither request names the patient whose chart it changes."""
    platform = start("production")
    with platform.client() as here, through(platform, "replica_port") as there:
        known, other = patient(here), patient(here)
        path, body = WRITES["observation"](known)
        made = here.post(path, json=body)
        assert there.get(f"/v1/patients/{known}/chart").json()["observations"]
        place, match = f"{path}/{made.json()['id']}", {"If-Match": made.headers["ETag"]}
        if how == "deleted":
            assert here.delete(place, headers=match).status_code == 204
        else:
            moved = body | {"subject": {"reference": f"Patient/{other}"}}
            answer = here.put(place, json=moved, headers=match)
            assert (answer.status_code, answer.headers.get("X-About")) == (200, None)
        assert there.get(f"/v1/patients/{known}/chart").json()["observations"] == []


@pytest.mark.slow
def test_an_old_chart_carries_its_marks(start: Start) -> None:
    platform = start("production")
    with platform.client() as client:
        known = patient(client)
        fresh = client.get(f"/v1/patients/{known}/chart")
    # Without the Consents, which a gateway that could never ask for them does not know.
    lost = start("production-object_scopes", edge_gateway_records="127.0.0.1:1")
    time.sleep(Production.fresh * (1 + Production.jitter))
    with lost.client() as client:
        stale = client.get(f"/v1/patients/{known}/chart")
        assert client.get("/v1/patients/nobody/chart").status_code == 503
    assert (stale.status_code, stale.json()) == (200, fresh.json())
    assert stale.headers["Warning"].startswith("110 ")
    assert stale.headers["X-Stale"] == "true"
    assert 0 <= int(stale.headers["Age"]) <= Production.stale
    assert "X-Stale" not in fresh.headers
