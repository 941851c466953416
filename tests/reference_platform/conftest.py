"""The four services and their partners in one thread, on a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from reference_platform import mllp, profiles, services
from reference_platform.backing import PostgreSQL, Valkey
from reference_platform.backing.service import stop_processes
from reference_platform.database import migrate
from reference_platform.decisions import bounded_queries
from reference_platform.identity import Identity
from reference_platform.partners.fhir_partner import FhirPartner
from reference_platform.partners.insurer import Insurer
from reference_platform.partners.legacy_ehr import LegacyEhr
from reference_platform.partners.sms import SmsSink
from reference_platform.ports import assign
from reference_platform.settings import Settings
from reference_platform.supervisor import PARTNERS

TOKENS = {
    "token-of-riverside": Identity("riverside", "clinician"),
    "token-of-lakeside": Identity("lakeside", "clinician"),
    "token-of-hillside": Identity("hillside", "clinician"),
    "token-of-hillside-administrator": Identity("hillside", "administrator"),
    "token-of-platform-administrator": Identity("platform", "administrator"),
    **{
        f"token-of-riverside-{role}": Identity("riverside", role)
        for role in ("nurse", "patient", "administrator", "auditor", "system")
    },
}


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


class Running:
    """A platform of one profile; every service listens on a port of its own."""

    def __init__(self, settings: Settings, profile: str) -> None:
        names = {name: f"{name}_port" for name in (*services.NAMES, "mllp", *PARTNERS)}
        ports = assign(dict.fromkeys(names.values(), 0))
        self.settings = settings.model_copy(update=ports)
        self.base_url = f"http://127.0.0.1:{self.settings.gateway_port}"
        self.ehr = LegacyEhr()
        self._servers = {
            **{
                getattr(self.settings, names[name]): self._server(
                    services.build(name, self.settings, profiles.parse(profile)), names[name]
                )
                for name in services.NAMES
            },
            self.settings.insurer_port: self._server(Insurer(self.ehr).app(), "insurer_port"),
            self.settings.fhir_partner_port: self._server(FhirPartner().app(), "fhir_partner_port"),
            self.settings.sms_port: self._server(SmsSink().app(), "sms_port"),
        }
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        until(lambda: all(server.started for server in self._servers.values()))

    def _server(self, app: ASGIApp, port: str) -> uvicorn.Server:
        return uvicorn.Server(
            uvicorn.Config(
                app,
                port=getattr(self.settings, port),
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )

    async def _serve(self) -> None:
        ehr = await mllp.serve("127.0.0.1", self.settings.ehr_port, self.ehr.answer)
        await asyncio.gather(*(server.serve() for server in self._servers.values()))
        ehr.close()

    def client(self, tenant: str = "riverside") -> httpx.Client:
        headers = {"Authorization": f"Bearer token-of-{tenant}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=20)

    def stop(self) -> None:
        for server in self._servers.values():
            server.should_exit = True
        self._thread.join(20)


class Start(Protocol):
    """Starts, or finds, the platform of a profile; edges make it one of its own."""

    def __call__(self, profile: str, **edges: str) -> Running: ...


@pytest.fixture(scope="session")
def backing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that name a migrated PostgreSQL and a Valkey."""
    folder: Path = tmp_path_factory.mktemp("backing")
    ports = assign({"postgres": 0, "valkey": 0})
    postgres = PostgreSQL(folder, folder / "postgres.log", ports["postgres"])
    valkey = Valkey(folder, folder / "valkey.log", ports["valkey"])
    try:
        for server in (postgres, valkey):
            server.start()
            until(server.ready)
        settings = Settings(
            postgres_url=postgres.url,
            valkey_url=valkey.url,
            tokens=TOKENS,
            data_folder=folder / "data",
        )
        statements = bounded_queries.Production().statements()
        password = settings.database_password
        asyncio.run(migrate(postgres.url, password=password, statements=statements))
        yield settings
    finally:
        stop_processes([postgres, valkey])


Platforms = dict[tuple[str, ...], Running]


@pytest.fixture(scope="session")
def platforms() -> Iterator[Platforms]:
    """What runs now, by its profile and edges."""
    running: Platforms = {}
    yield running
    for platform in running.values():
        platform.stop()


@pytest.fixture(scope="module")
def start(backing: Settings, platforms: Platforms) -> Iterator[Start]:
    def get(profile: str, **edges: str) -> Running:
        key = (profile, *sorted(f"{edge}={address}" for edge, address in edges.items()))
        if key not in platforms:
            platforms[key] = Running(backing.model_copy(update=edges), profile)
        return platforms[key]

    yield get
    # All tests share this process: thirty idle platforms would take its time from the next test.
    for key in [key for key in platforms if key != ("production",)]:
        platforms.pop(key).stop()


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a partner that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def patient(client: httpx.Client, family: str = "Proband") -> str:
    """A new patient's id."""
    resource = {"resourceType": "Patient", "name": [{"family": family}], "birthDate": "1980-05-17"}
    answer = client.post("/v1/fhir/Patient", json=resource)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def slot(client: httpx.Client) -> str:
    """A new free slot's id."""
    times = {"start": "2031-03-03T08:00:00Z", "end": "2031-03-03T08:30:00Z"}
    answer = client.post("/v1/slots", json={"practitioner": "Dr. Who", **times})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
