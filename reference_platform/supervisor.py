"""The supervisor: starts everything, starts again what died, and ends everything."""

from __future__ import annotations

import asyncio
import gc
import http.client
import json
import logging
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import asyncpg

from reference_platform import partners, services
from reference_platform.backing import BackingService, External, PostgreSQL, Valkey
from reference_platform.backing.service import stop_processes
from reference_platform.database import migrate
from reference_platform.decisions import Decisions
from reference_platform.ports import HOST, accepts, assign
from reference_platform.processes import Process, stop_all
from reference_platform.profiles import Profile
from reference_platform.serving import serve
from reference_platform.settings import PREFIX, Settings

PARTNERS = ("insurer", "fhir_partner", "sms", "ehr")
PORTS = (*services.NAMES, "mllp", "postgres", "valkey", *PARTNERS)
PATIENCE = 120.0
"""Seconds within which every process must be ready, on however busy a machine."""
GRACE = 1.0
"""Seconds that the services and partners get to end before they are killed."""
_GLANCE = 0.05

_log = logging.getLogger(__name__)


class StartError(Exception):
    """A process ended while it started, or never became ready."""


class Revival:
    """Starts one process again after its death, the more patiently the more often it dies."""

    _FIRST, _LONGEST, _STABLE = 0.05, 2.0, 10.0  # seconds

    def __init__(self, process: Process) -> None:
        self.process = process
        self._delay = self._FIRST
        self._due: float | None = None
        self._started = time.monotonic()

    def look(self, now: float) -> bool:
        """Start the process if it is dead and its pause is over; whether that happened."""
        if self.process.alive:
            return False
        if self._due is None:
            self._plan(now)
        if self._due is None or now < self._due:
            return False
        self._due, self._started = None, now
        self.process.start()
        return True

    def _plan(self, now: float) -> None:
        stable = now - self._started > self._STABLE
        self._delay = self._FIRST if stable else min(2 * self._delay, self._LONGEST)
        self._due = now + self._delay


class Supervisor:
    """One platform: its backing services, its partners and its four services.

    Args:
        settings: as the environment has them; ports that are 0 are drawn here.
        profile: the decisions that the services take.
        data: the folder for logs, processes.json and, where possible, the database.

    Raises:
        PortTakenError: a configured port is taken.
        BackingError: an embedded server cannot run on this machine.
    """

    def __init__(self, settings: Settings, profile: Profile, data: Path) -> None:
        self._data = data.resolve()
        self._logs = self._data / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._profile = profile
        self._decisions = Decisions.choose(profile)
        self.settings = settings.model_copy(update={**_ports(settings), "data_folder": self._data})
        self._postgres: BackingService = self._embedded_postgres()
        self._valkey: BackingService = self._embedded_valkey()
        self._forked: list[Process] = []

    def start(self) -> None:
        """Start everything and return when the gateway is ready.

        Raises:
            StartError: something ended, or was not ready within `PATIENCE`.
        """
        for backing in self._backing:
            backing.start()
        for backing, name in zip(self._backing, ("postgres", "valkey"), strict=True):
            self._wait(name, backing.ready, backing.process)
        urls = {"postgres_url": self._postgres.url, "valkey_url": self._valkey.url}
        self.settings = self.settings.model_copy(update=urls)
        self._migrate()
        self._fork_all()
        for process in self._forked:
            self._wait(process.name, self._readiness(process.name), process)
        self._publish()

    def watch(self) -> None:
        """Start again whatever dies, until a signal ends this process."""
        revivals = [Revival(process) for process in self._processes]
        signal.signal(signal.SIGHUP, self._restart)
        while True:
            for revival in revivals:
                if revival.look(time.monotonic()):
                    _log.warning("%s died; now pid %s", revival.process.name, revival.process.pid)
                    self._publish()
            time.sleep(_GLANCE)

    def stop(self) -> None:
        """End everything, in the reverse of the order in which it was started."""
        stop_all(self._forked, GRACE)
        stop_processes(self._backing)

    def description(self) -> dict[str, object]:
        """What the ready line and processes.json say."""
        return {
            "ready": True,
            "base_url": f"http://{HOST}:{self.settings.gateway_port}",
            "profile": self._profile.name,
            "supervisor": os.getpid(),
            "test_mode": self.settings.test_mode,
            "processes": {process.name: process.pid for process in self._processes},
            "ports": {name: self._port(name) for name in PORTS if self._port(name)},
        }

    def _restart(self, _number: int, _frame: object) -> None:
        """What somebody on call does when nothing else helps: every service starts anew."""
        for process in self._forked:
            process.kill()

    @property
    def _backing(self) -> list[BackingService]:
        return [self._postgres, self._valkey]

    @property
    def _processes(self) -> list[Process]:
        return [*(b.process for b in self._backing if b.process), *self._forked]

    def _embedded_postgres(self) -> BackingService:
        if url := self.settings.postgres_url:
            return External(url)
        return PostgreSQL(self._data, self._logs / "postgres.log", self.settings.postgres_port)

    def _embedded_valkey(self) -> BackingService:
        if url := self.settings.valkey_url:
            return External(url)
        return Valkey(self._data, self._logs / "valkey.log", self.settings.valkey_port)

    def _port(self, name: str) -> int:
        port: int = getattr(self.settings, f"{name}_port")
        return port

    def _migrate(self) -> None:
        password = self.settings.database_password
        statements = self._decisions.statements()
        try:
            asyncio.run(migrate(self._postgres.url, password=password, statements=statements))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise StartError(f"postgres: the schema cannot be created: {error}.") from error

    def _fork_all(self) -> None:
        """Fork the partners and the services from one interpreter that has loaded everything."""
        outside = {name: self._port(name) for name in PARTNERS}
        runs: dict[str, Callable[[], None]] = {"partners": partial(partners.run, **outside)}
        for name in reversed(services.NAMES):  # whom others depend on comes first
            app = services.build(name, self.settings, self._profile)
            runs[name] = partial(serve, app, self._port(name), self._decisions.crash_recovery.drain)
        gc.collect()
        gc.freeze()  # the children share these pages as long as no collection writes to them
        for name, run in runs.items():
            process = Process(name, run, self._logs / f"{name}.log")
            self._forked.append(process)
            process.start()

    def _readiness(self, name: str) -> Callable[[], bool]:
        """uvicorn listens after its lifespan has started, so to accept is to be ready."""
        if name == "gateway":
            return partial(answers, self._port("gateway"), "/health/ready")
        return partial(accepts, self._port("insurer" if name == "partners" else name))

    def _wait(self, name: str, ready: Callable[[], bool], process: Process | None) -> None:
        deadline = time.monotonic() + PATIENCE
        while not ready():
            if process is not None and not process.alive:
                raise StartError(f"{name}: ended while it started. See {process.log}.")
            if time.monotonic() > deadline:
                raise StartError(f"{name}: not ready in {PATIENCE:.0f} s. See {self._logs}.")
            time.sleep(0.01)

    def _publish(self) -> None:
        """Write processes.json so that no reader sees half of it, and the URL for the loader."""
        database = self._data / "postgres.url"
        database.touch(mode=0o600)  # it holds the superuser's password
        database.write_text(self._postgres.url, encoding="utf-8")
        draft = self._data / "processes.json.draft"
        draft.write_text(json.dumps(self.description()), encoding="utf-8")
        draft.replace(self._data / "processes.json")


def answers(port: int, path: str) -> bool:
    """Whether GET `path` is answered with 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def exit_on_signals() -> None:
    """SIGTERM and SIGINT end this process in the orderly way, wherever it stands."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)


def ignore_signals() -> None:
    """Once it is stopping, nothing hurries it: every wait of `stop` is bounded."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def _exit(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _ports(settings: Settings) -> dict[str, int]:
    """A port for every server that is ours, by the name of its field in `Settings`."""
    external = {
        "postgres": settings.postgres_url,
        "valkey": settings.valkey_url,
    }
    fields = [f"{name}_port" for name in PORTS if not external.get(name)]
    wanted = {f"{PREFIX}{field.upper()}": getattr(settings, field) for field in fields}
    return dict(zip(fields, assign(wanted).values(), strict=True))
