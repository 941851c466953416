from __future__ import annotations

import asyncio
import http.client
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from reference_platform.backing import PostgreSQL
from reference_platform.database import Database, migrate
from reference_platform.decisions import tenant_isolation, timeouts_deadlines
from reference_platform.decisions.crash_recovery import Backoff, CrashRecovery, Pilot, Production
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.identity import Identity
from reference_platform.ports import accepts, assign
from reference_platform.settings import Settings

from .conftest import Running, patient, until

ROOT = Path(__file__).parents[2]
LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Server:
    """A PostgreSQL of this module's own, for it is going to die."""

    def __init__(self, folder: Path) -> None:
        self.postgres = PostgreSQL(folder, folder / "postgres.log", assign({"p": 0})["p"])
        self.postgres.start()
        until(self.postgres.ready)
        self.settings = Settings(
            postgres_url=self.postgres.url,
            valkey_port=assign({"v": 0})["v"],
            tokens={"token-of-riverside": Identity("riverside", "clinician")},
        )
        asyncio.run(migrate(self.postgres.url, password=self.settings.database_password))

    def kill(self) -> None:
        self.postgres.process.kill()

    def revive(self) -> None:
        """As the supervisor does: again and again, until the old backends are gone."""
        while not self.postgres.ready():
            if not self.postgres.alive:
                self.postgres.process.start()
            time.sleep(0.05)

    def restart(self) -> None:
        self.kill()
        self.revive()


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("postgres"))
    yield running
    running.postgres.stop()


@pytest.fixture
def server(mortal: Server) -> Server:
    """Alive, whatever the test before has left."""
    mortal.revive()
    return mortal


def database(settings: Settings, recovery: CrashRecovery) -> Database:
    isolation, timeouts = tenant_isolation.Production(), timeouts_deadlines.Production()
    return Database(settings, "records", isolation, timeouts, recovery, purpose="test")


async def answers(opened: Database) -> bool:
    try:
        await opened.check(1.0)
    except LOST:
        return False
    return True


async def comes_back(opened: Database, patience: float) -> bool:
    """Whether the database answers within `patience` seconds."""
    deadline = time.monotonic() + patience
    while not await answers(opened):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("event", ["killed", "reset", "away"])
def test_only_production_connects_again(server: Server, event: str) -> None:
    async def happen() -> None:
        if event == "reset":
            await reset_all(server.settings)
        elif event == "killed":
            server.restart()  # in this thread: the kernel ends a server whose thread is gone

    async def story() -> tuple[bool, bool]:
        async with (
            database(server.settings, Pilot()) as pilot,
            database(server.settings, Production()) as production,
        ):
            assert await answers(pilot)
            assert await answers(production)
            if event == "away":
                server.kill()
                while await answers(production) or await answers(pilot):
                    pass  # a backend outlives its postmaster a little
                server.revive()
            await happen()
            return await comes_back(production, 20), await comes_back(pilot, 0.5)

    assert asyncio.run(story()) == (True, False)


async def reset_all(settings: Settings) -> None:
    """What a failover does to every connection of the platform."""
    connection = await asyncpg.connect(settings.postgres_url)
    terminate = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1"
    )
    while await connection.fetchval(terminate, "records-test"):
        pass  # until none is left
    await connection.close()


async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """All bytes, and never the end of the stream."""
    while piece := await source.read(65536):
        sink.write(piece)


@asynccontextmanager
async def never_ending(settings: Settings) -> AsyncIterator[Settings]:
    """The same database, behind a way on which the end of a connection gets lost."""
    behind = urlsplit(settings.postgres_url or "")

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(behind.hostname, behind.port)
        await asyncio.gather(pass_on(reader, to_server), pass_on(from_server, writer))

    listening = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    way = behind._replace(netloc=behind.netloc.replace(f":{behind.port}", f":{port}"))
    yield settings.model_copy(update={"postgres_url": way.geturl()})
    listening.close()


@pytest.mark.slow
def test_a_connection_is_replaced_when_only_the_servers_farewell_was_read(server: Server) -> None:
    """asyncpg takes it for alive until its stream ends, and for busy: a fault of its own, it says.

    The first to use it learns that it is lost, as with any lost connection.
    """

    async def story() -> tuple[bool, bool]:
        async with (
            never_ending(server.settings) as settings,
            database(settings, Production()) as opened,
        ):
            assert await answers(opened)
            await reset_all(server.settings)
            await asyncio.sleep(0.1)  # the farewell arrives
            return await answers(opened), await answers(opened)

    assert asyncio.run(story()) == (False, True)


@pytest.mark.slow
def test_a_timeout_is_no_lost_connection(server: Server) -> None:
    async def story(recovery: CrashRecovery) -> bool:
        async with database(server.settings, recovery) as opened:
            with pytest.raises((TimeoutError, asyncpg.QueryCanceledError)):
                async with opened.transaction("riverside", Deadline(None)) as connection:
                    await connection.execute("SELECT pg_sleep(5)")
            return await answers(opened)

    assert asyncio.run(story(Pilot()))
    assert asyncio.run(story(Production()))


@pytest.mark.slow
def test_the_server_knows_what_connections_are_for(server: Server) -> None:
    async def name() -> object:
        async with (
            database(server.settings, Production()) as opened,
            opened.transaction("riverside", Deadline(None)) as connection,
        ):
            return await connection.fetchval("SELECT current_setting('application_name')")

    assert asyncio.run(name()) == "records-test"


@asynccontextmanager
async def hanging_up() -> AsyncIterator[tuple[str, list[int]]]:
    """The address of a server that ends every connection at once, and their count."""
    seen: list[int] = []

    async def end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(len(seen))
        writer.close()

    listening = await asyncio.start_server(end, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    yield f"postgresql://postgres@{host}:{port}/postgres", seen
    listening.close()


def test_a_database_that_is_away_is_not_hammered_at() -> None:
    async def knocks(recovery: CrashRecovery) -> int:
        async with hanging_up() as (url, seen):
            pool = await recovery.pool(url, min_size=0, max_size=10, ssl=False)
            for _ in range(200):
                with pytest.raises(LOST):
                    await pool.acquire(1.0)
            pool.terminate()
            return len(seen)

    assert asyncio.run(knocks(Pilot())) >= 200
    assert asyncio.run(knocks(Production())) <= 20


def test_pauses_grow_and_start_anew() -> None:
    backoff = Backoff(first=0.1, longest=2.0)
    pauses = [backoff.pause() for _ in range(20)]
    assert 0.05 <= pauses[0] <= 0.1
    assert all(1.0 <= pause <= 2.0 for pause in pauses[6:])
    backoff.reset()
    assert backoff.pause() <= 0.1


class Loop:
    """A background loop that fails in its first rounds."""

    def __init__(self, failures: int) -> None:
        self._rounds = count(1)
        self._failures = failures
        self.reached = 0

    async def __call__(self) -> None:
        self.reached = next(self._rounds)
        if self.reached <= self._failures:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed")


def test_a_loop_survives_lost_connections_in_production_only() -> None:
    async def rounds(recovery: CrashRecovery) -> int:
        loop = Loop(failures=2)
        await recovery.keep("outbox", loop)
        return loop.reached

    assert asyncio.run(rounds(Pilot())) == 1
    assert asyncio.run(rounds(Production())) == 3


def test_a_loop_ends_when_its_process_does() -> None:
    async def cancelled(recovery: CrashRecovery) -> bool:
        task = asyncio.create_task(recovery.keep("outbox", asyncio.Event().wait))  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(cancelled(Pilot()))
    assert asyncio.run(cancelled(Production()))


_SERVICE = """
import asyncio, sys
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from reference_platform.decisions import crash_recovery
from reference_platform.serving import serve

async def work(request):
    print("begun", flush=True)
    await asyncio.sleep(1.0)
    return PlainTextResponse("done")

decision = getattr(crash_recovery, sys.argv[2])()
serve(Starlette(routes=[Route("/work", work)]), int(sys.argv[1]), decision.drain)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("variant", "finished"), [("Production", True), ("Pilot", False)])
def test_sigterm_lets_running_requests_end_in_production_only(
    variant: str, *, finished: bool
) -> None:
    port = assign({"service": 0})["service"]
    command = [sys.executable, "-c", _SERVICE, str(port), variant]
    answered: list[bytes] = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as service:
        until(lambda: accepts(port))
        request = threading.Thread(target=lambda: answered.append(_work(port)))
        request.start()
        assert service.stdout is not None
        assert service.stdout.readline() == b"begun\n"
        service.send_signal(signal.SIGTERM)
        until(lambda: not accepts(port))  # new ones are refused, readiness among them
        request.join(20)
        service.wait(20)
    assert answered == [b"done" if finished else b""]


def _work(port: int) -> bytes:
    """The answer; nothing when the connection broke."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/work")
        answer = connection.getresponse()
        return answer.read() if answer.status == http.client.OK else b""
    except (OSError, http.client.HTTPException):
        return b""


@pytest.mark.slow
def test_a_platform_outlives_its_database_in_production_only(server: Server) -> None:
    platforms = [Running(server.settings, profile) for profile in ("production", "pilot")]
    production, pilot = (platform.client() for platform in platforms)
    known = [patient(client) for client in (production, pilot)]
    server.restart()

    def reads(client: httpx.Client, identifier: str) -> bool:
        return client.get(f"/v1/fhir/Patient/{identifier}").is_success

    until(lambda: reads(production, known[0]), 20)
    assert not any(reads(pilot, known[1]) for _ in range(5))
    for platform in platforms:
        platform.stop()
