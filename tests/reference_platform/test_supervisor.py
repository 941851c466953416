from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from reference_platform import services
from reference_platform.backing import BackingService, PostgreSQL, Valkey
from reference_platform.backing.service import stop_processes
from reference_platform.ports import assign
from reference_platform.processes import Process
from reference_platform.supervisor import Revival

NAMES = ["postgres", "valkey", "partners", *reversed(services.NAMES)]
ROOT = Path(__file__).parents[2]
CLEAN = {key: value for key, value in os.environ.items() if not key.startswith("PLATFORM_")}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)


def command(data: Path, profile: str = "production") -> list[str]:
    return [sys.executable, "-m", "reference_platform", "--profile", profile, "--data", str(data)]


def refused(data: Path, profile: str = "production", **environment: str) -> list[str]:
    """The lines on standard error of a start that must fail as a usage error."""
    result = subprocess.run(
        command(data, profile),
        cwd=ROOT,
        env={**CLEAN, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    return result.stderr.splitlines()


class Platform:
    """A running platform, its ready line, and every process that belongs to it."""

    def __init__(self, supervisor: subprocess.Popen[str], data: Path) -> None:
        assert supervisor.stdout is not None
        self.supervisor = supervisor
        self.data = data
        line = supervisor.stdout.readline()
        assert line, [(log.name, log.read_text()[-2000:]) for log in (data / "logs").iterdir()]
        self.ready: dict[str, Any] = json.loads(line)

    @property
    def published(self) -> dict[str, int]:
        """Process ids by name, as processes.json has them now."""
        table: dict[str, int] = json.loads((self.data / "processes.json").read_text())["processes"]
        return table

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.supervisor.pid).children(recursive=True)

    def healthy(self) -> bool:
        try:
            return httpx.get(f"{self.ready['base_url']}/health/ready", timeout=5).is_success
        except httpx.HTTPError:
            return False


@contextmanager
def started(data: Path, profile: str = "production", **environment: str) -> Iterator[Platform]:
    with subprocess.Popen(
        command(data, profile),
        cwd=ROOT,
        env={**CLEAN, **environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        try:
            yield Platform(supervisor, data)
        finally:
            supervisor.terminate()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with started(tmp_path_factory.mktemp("platform") / "data with spaces") as running:
        yield running


@pytest.mark.slow
def test_an_unknown_profile_is_one_line_with_advice(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, "productoin")
    assert line.startswith("error: ")
    assert "production" in line


@pytest.mark.slow
def test_a_wrong_port_is_one_line_with_its_variable(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, PLATFORM_HUB_PORT="many")
    assert line.startswith("error: PLATFORM_HUB_PORT: ")


@pytest.mark.slow
def test_a_taken_port_is_one_line_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        (line,) = refused(tmp_path, PLATFORM_SCHEDULING_PORT=str(port))
    assert line.startswith(f"error: PLATFORM_SCHEDULING_PORT: port {port} is already taken.")
    assert not (tmp_path / "processes.json").exists()
    assert list((tmp_path / "logs").iterdir()) == []


@pytest.mark.slow
def test_the_ready_line_tells_the_truth(platform: Platform) -> None:
    assert platform.ready["ready"] is True
    assert platform.ready["supervisor"] == platform.supervisor.pid
    assert list(platform.ready["processes"]) == NAMES
    assert all(map(psutil.pid_exists, platform.ready["processes"].values()))
    assert platform.healthy()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_process_is_started_again(platform: Platform, name: str) -> None:
    before = platform.published
    os.kill(before[name], signal.SIGKILL)
    until(lambda: platform.published[name] != before[name])
    until(platform.healthy)
    others = {key: value for key, value in platform.published.items() if key != name}
    assert others == {key: value for key, value in before.items() if key != name}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_kill_9_of_the_supervisor_leaves_nothing(tmp_path: Path) -> None:
    with started(tmp_path / "data") as platform:
        family = platform.family()
        platform.supervisor.kill()
        assert psutil.wait_procs(family, timeout=20)[1] == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path / "data", "pilot") as platform:
        family = platform.family()
        platform.supervisor.send_signal(number)
        assert platform.supervisor.wait(20) == 0
        assert psutil.wait_procs(family, timeout=1)[1] == []


@pytest.mark.slow
def test_external_servers_are_used_and_left_running(tmp_path: Path) -> None:
    ports = assign({"postgres": 0, "valkey": 0})
    postgres = PostgreSQL(tmp_path, tmp_path / "postgres.log", ports["postgres"])
    valkey = Valkey(tmp_path, tmp_path / "valkey.log", ports["valkey"])
    servers: list[BackingService] = [postgres, valkey]
    try:
        for server in servers:
            server.start()
            until(server.ready)
        urls = {"PLATFORM_POSTGRES_URL": postgres.url, "PLATFORM_VALKEY_URL": valkey.url}
        with started(tmp_path / "data", **urls) as platform:
            assert list(platform.ready["processes"]) == NAMES[2:]
            assert platform.healthy()
        assert [server.ready() for server in servers] == [True, True]
    finally:
        stop_processes(servers)


@pytest.mark.slow
def test_an_external_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    url = f"postgresql://postgres@127.0.0.1:{assign({'port': 0})['port']}/postgres"
    result = subprocess.run(
        command(tmp_path),
        cwd=ROOT,
        env={**CLEAN, "PLATFORM_POSTGRES_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: postgres: ")


@pytest.mark.slow
def test_a_signal_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path), cwd=ROOT, env=CLEAN, stdout=subprocess.PIPE
    ) as supervisor:
        until((tmp_path / "logs" / "postgres.log").exists)
        family = psutil.Process(supervisor.pid).children(recursive=True)
        supervisor.terminate()
        assert supervisor.wait(20) == 0
        assert psutil.wait_procs(family, timeout=1)[1] == []


def test_a_process_that_keeps_dying_is_started_ever_more_patiently(tmp_path: Path) -> None:
    revival = Revival(Process("mayfly", lambda: None, tmp_path / "log"))
    starts: list[float] = []
    now = time.monotonic()
    while len(starts) < 5:
        until(lambda: not revival.process.alive)
        now += 0.01
        if revival.look(now):
            starts.append(now)
    pauses = [late - early for early, late in pairwise(starts)]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]
    revival.process.kill()
