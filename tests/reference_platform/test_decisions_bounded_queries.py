from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.backing import PostgreSQL
from reference_platform.backing.service import stop_processes
from reference_platform.database import migrate
from reference_platform.database.connection import Connection
from reference_platform.decisions.bounded_queries import (
    INDEXES,
    BoundedQueries,
    Pilot,
    Production,
    Selection,
)
from reference_platform.outcomes import Refusal
from reference_platform.ports import assign

from .conftest import until

SMALL, LARGE = 2_000, 40_000
PER_PATIENT = 40
PASSWORD = "of the test"
FILL = """
    INSERT INTO platform.resources (tenant, type, id, patient, family, content)
    SELECT 'riverside', 'Patient', 'p' || n, 'p' || n, 'name' || n, '{"birthDate": "1980-01-01"}'
    FROM generate_series($1::int / $3::int, $2::int / $3::int - 1) n;
"""
OBSERVATIONS = """
    INSERT INTO platform.resources (tenant, type, id, patient, content)
    SELECT 'riverside', 'Observation', 'o' || n, 'p' || n % ($2::int / $3::int),
        json_build_object('n', n)
    FROM generate_series($1::int, $2::int - 1) n
"""
Read = Callable[[BoundedQueries, Connection], Awaitable[Any]]


class Measured:
    """A connection that adds up what its statements cost: how many, and 8 KiB blocks touched."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statements = 0
        self.blocks = 0

    async def fetch(self, statement: str, *arguments: object) -> Any:
        await self._measure(statement, arguments)
        return await self._connection.fetch(statement, *arguments)

    async def fetchrow(self, statement: str, *arguments: object) -> Any:
        await self._measure(statement, arguments)
        return await self._connection.fetchrow(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: object) -> Any:
        await self._measure(statement, arguments)
        return await self._connection.fetchval(statement, *arguments)

    async def _measure(self, statement: str, arguments: tuple[object, ...]) -> None:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        plan = orjson.loads(await self._connection.fetchval(explain, *arguments))[0]["Plan"]
        self.statements += 1
        self.blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


class Cluster:
    """A PostgreSQL of its own, since indexes are for all of it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._filled = 0

    def fill(self, observations: int) -> None:
        """Bring the table to so many Observations."""

        async def run(connection: Connection) -> None:
            for statement in (FILL.strip().rstrip(";"), OBSERVATIONS):
                await connection.execute(statement, self._filled, observations, PER_PATIENT)
            await connection.execute("VACUUM ANALYZE platform.resources")

        self._as(self._url, run)
        self._filled = observations

    def choose(self, variant: BoundedQueries) -> None:
        asyncio.run(migrate(self._url, password=PASSWORD, statements=variant.statements()))

    def indexes(self) -> set[str]:
        async def run(connection: Connection) -> set[str]:
            rows = await connection.fetch(
                "SELECT indexname FROM pg_indexes WHERE schemaname = 'platform'"
            )
            return {row["indexname"] for row in rows}

        return set(self._as(self._url, run))

    def measure(self, variant: BoundedQueries, read: Read) -> Measured:
        """What `read` costs the role that obeys row-level security."""

        async def run(connection: Connection) -> Measured:
            async with connection.transaction():
                await connection.execute("SELECT set_config('app.tenant', 'riverside', true)")
                measured = Measured(connection)
                await read(variant, measured)
            return measured

        role = f"platform_app:{PASSWORD.replace(' ', '%20')}"
        url = f"postgresql://{role}@{self._url.rpartition('@')[2]}"
        measured: Measured = self._as(url, run)
        return measured

    @staticmethod
    def _as(url: str, act: Callable[[Connection], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            connection = await asyncpg.connect(url)
            try:
                return await act(connection)
            finally:
                await connection.close()

        return asyncio.run(run())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("bounded")
    port = assign({"postgres": 0})["postgres"]
    postgres = PostgreSQL(folder, folder / "postgres.log", port)
    try:
        postgres.start()
        until(postgres.ready)
        yield Cluster(postgres.url)
    finally:
        stop_processes([postgres])


def cursor(position: int) -> str:
    return base64.urlsafe_b64encode(str(position).encode()).decode().rstrip("=")


def listing(size: int = 20, at: str | None = None) -> Read:
    selection = Selection(
        "resources r",
        "r.id, r.content::text AS content",
        ["r.type = 'Observation'", "r.tenant = $1"],
        ["riverside"],
    )
    return lambda variant, connection: variant.page(connection, selection, size, at)


async def chart(variant: BoundedQueries, connection: Connection) -> Any:
    row = await variant.chart(connection, "p7")
    assert len(row["observations"]) == 20
    return row


async def of_patient(variant: BoundedQueries, connection: Connection) -> Any:
    where = ["r.type = 'Observation'", "r.patient = $1"]
    selection = Selection("resources r", "r.id", where, ["p7"])
    return await variant.page(connection, selection, 20, None)


async def by_family(variant: BoundedQueries, connection: Connection) -> Any:
    where = ["r.type = 'Patient'", "r.tenant = $1", "r.family >= $2 AND r.family < $3"]
    selection = Selection("resources r", "r.id", where, ["riverside", "name7", "name7!"])
    return await variant.page(connection, selection, 20, None)


@pytest.mark.slow
def test_what_a_read_costs_as_the_table_grows(cluster: Cluster) -> None:
    variants: list[BoundedQueries] = [Production(), Pilot()]
    reads: list[Read] = [chart, of_patient, by_family]
    blocks: dict[tuple[str, int], list[int]] = {}
    for size in (SMALL, LARGE):
        cluster.choose(Production())
        cluster.fill(size)
        for variant in variants:
            cluster.choose(variant)
            costs = [cluster.measure(variant, read).blocks for read in reads]
            blocks[type(variant).__name__, size] = costs
    for small, large in zip(blocks["Production", SMALL], blocks["Production", LARGE], strict=True):
        assert large <= 2 * small + 10, blocks
    for small, large in zip(blocks["Pilot", SMALL], blocks["Pilot", LARGE], strict=True):
        assert large >= 5 * small, blocks


@pytest.mark.slow
def test_the_last_page_costs_what_the_first_one_does(cluster: Cluster) -> None:
    cluster.choose(Production())
    cluster.fill(LARGE)
    keyset, offset = Production(), Pilot()
    first, late = (cluster.measure(keyset, listing(20, at)) for at in (None, cursor(LARGE // 10)))
    assert late.blocks <= 3 * first.blocks
    # With the index even, so that nothing but OFFSET is what it costs.
    first, late = (
        cluster.measure(offset, listing(20, at)) for at in (None, cursor(LARGE * 9 // 10))
    )
    assert late.blocks > 3 * first.blocks


@pytest.mark.slow
def test_statements_per_request(cluster: Cluster) -> None:
    cluster.choose(Production())
    cluster.fill(LARGE)
    for variant, expected in ((Production(), [1, 1]), (Pilot(), [6, 51])):
        counts = [cluster.measure(variant, listing(size)).statements for size in (5, 50)]
        assert counts == expected


@pytest.mark.slow
def test_each_variant_leaves_its_own_indexes(cluster: Cluster) -> None:
    cluster.choose(Production())
    assert cluster.indexes() >= INDEXES.keys()
    cluster.choose(Pilot())
    left = cluster.indexes()
    assert not left & INDEXES.keys()
    assert "one_exclusive_appointment_per_slot" in left


def test_only_production_limits_a_page() -> None:
    assert [Production().size(each) for each in (None, "5", "100000")] == [20, 5, 100]
    assert [Pilot().size(each) for each in (None, "5", "100000")] == [20, 5, 100_000]


class Nothing:
    async def fetch(self, *_arguments: object) -> list[Any]:
        return []


def paged(variant: BoundedQueries, at: str) -> Any:
    return asyncio.run(listing(20, at)(variant, Nothing()))  # type: ignore[arg-type]


@given(st.text(alphabet="ABCZaz_=+/ é", max_size=40))
def test_what_is_no_cursor_is_refused(text: str) -> None:
    for variant in (Production(), Pilot()):
        with pytest.raises(Refusal) as refusal:
            paged(variant, text)
        assert refusal.value.status == 400


@given(st.integers(0, 2**63 - 1))
def test_every_position_is_a_cursor(position: int) -> None:
    page = paged(Production(), cursor(position))
    assert (page.rows, page.following) == ([], None)
