from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from codeblue.errors import TargetError, UsageError
from codeblue.ground.seeding import seed
from codeblue.journal import RunDirectory
from codeblue.patients import load_population
from codeblue.session import Session
from codeblue.target import Target

POPULATION = load_population("pilot-clinic")
TOKEN = "seeding-token"


class FhirServer(BaseHTTPRequestHandler):
    """Stores what it is sent; answers transactions as FHIR R4 section 3.2.0.11.5 says."""

    protocol_version = "HTTP/1.1"
    stored: list[dict[str, Any]]
    status = 200
    location = "{base}/{type}/{id}/_history/1"

    def do_POST(self) -> None:
        bundle = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
        entries = [self._store(entry["resource"]) for entry in bundle["entry"]]
        answer = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
        body = json.dumps(answer).encode()
        self.send_response(self.status if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _store(self, resource: dict[str, Any]) -> dict[str, Any]:
        self.stored.append(resource)
        kind = resource["resourceType"]
        location = self.location.format(
            base="http://platform/fhir", type=kind, id=f"id-{len(self.stored)}"
        )
        return {"response": {"status": "201 Created", "location": location}}

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@contextmanager
def fhir_server(**behaviour: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    stored: list[dict[str, Any]] = []
    handler = type("Handler", (FhirServer,), {"stored": stored, **behaviour})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", stored
    finally:
        server.shutdown()
        server.server_close()


def session_at(base_url: str, folder: Path, fhir: str | None = "/v1/fhir") -> Session:
    target = Target.model_validate(
        {
            "name": "sample",
            "base_url": base_url,
            "fhir": fhir,
            "tenants": {"riverside": {"roles": {"clinician": "env:SEEDING_TOKEN"}}},
        }
    )
    run = RunDirectory.create(folder, "seeding")
    return Session(target, run, proxy_url="", profile="", seed=1, workspace=folder)


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEDING_TOKEN", TOKEN)


@pytest.mark.parametrize("location", ["{type}/{id}", "{base}/{type}/{id}/_history/1"])
def test_patients_are_created_in_order_and_journalled(tmp_path: Path, location: str) -> None:
    with fhir_server(location=location) as (url, stored):
        session = session_at(url, tmp_path)
        ids = seed(session, "riverside", POPULATION, 45, start=3)
    assert ids == [
        f"id-{place}"
        for place, resource in enumerate(stored, 1)
        if resource["resourceType"] == "Patient"
    ]
    assert session.patients("riverside") == ids
    people = [resource for resource in stored if resource["resourceType"] == "Patient"]
    assert [person["identifier"][0]["value"] for person in people] == [
        POPULATION.patient(index).record_number for index in range(3, 48)
    ]
    assert stored == [entry["resource"] for entry in POPULATION.bundle(3, 45)["entry"]]


def test_a_refusal_is_reported(tmp_path: Path) -> None:
    with fhir_server(status=422) as (url, _), pytest.raises(TargetError, match="422"):
        seed(session_at(url, tmp_path), "riverside", POPULATION, 5)


def test_an_answer_that_locates_nothing_is_reported(tmp_path: Path) -> None:
    with fhir_server(location="") as (url, _), pytest.raises(TargetError, match="locates 0"):
        seed(session_at(url, tmp_path), "riverside", POPULATION, 5)


def test_a_platform_that_is_gone_is_reported(tmp_path: Path) -> None:
    with fhir_server() as (url, _):
        session = session_at(url, tmp_path)
    with pytest.raises(TargetError, match="no answer"):
        seed(session, "riverside", POPULATION, 5)


def test_a_target_without_fhir_is_reported(tmp_path: Path) -> None:
    session = session_at("http://127.0.0.1:9", tmp_path, fhir=None)
    with pytest.raises(UsageError, match="Set the path"):
        seed(session, "riverside", POPULATION, 5)
