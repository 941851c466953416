from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from reference_platform.audit.event import Event, fhir, read
from reference_platform.settings import Settings

from .conftest import Running, Start, patient, until


def rows(settings: Settings, sql: str, *values: object) -> list[Any]:
    async def run() -> list[Any]:
        connection = await asyncpg.connect(settings.postgres_url)
        try:
            return list(await connection.fetch(sql, *values))
        finally:
            await connection.close()

    return asyncio.run(run())


def trail(settings: Settings, traces: list[str]) -> list[Event]:
    """The events of these traces."""
    sql = (
        "SELECT content FROM platform.audit_events "
        "WHERE content::jsonb ->> 'trace' = ANY($1::text[]) ORDER BY sequence"
    )
    return [read(row["content"]) for row in rows(settings, sql, traces)]


@contextmanager
def sink_down(settings: Settings) -> Iterator[None]:
    """Inside, records cannot store an event."""
    roles = "platform_app, platform_pilot"
    rows(settings, f"REVOKE INSERT ON platform.audit_events FROM {roles}")
    try:
        yield
    finally:
        rows(settings, f"GRANT INSERT ON platform.audit_events TO {roles}")


@dataclass
class Asked:
    """What was asked, and how it ended."""

    status: int
    operation: str
    patient: str | None
    subject: str


class Driver:
    """Asks the platform, and remembers what the trail must have."""

    def __init__(self, platform: Running) -> None:
        self._client = httpx.Client(base_url=platform.base_url, timeout=20)
        self.asked: dict[str, Asked] = {}

    def ask(self, who: str, operation: str, about: str | None, *request: Any, **more: Any) -> None:
        trace = uuid4().hex
        headers = {
            "Authorization": f"Bearer token-of-{who}",
            "traceparent": f"00-{trace}-00f067aa0ba902b7-01",
        }
        answer = self._client.request(*request, headers=headers, **more)
        self.asked[trace] = Asked(answer.status_code, operation, about, who)

    def round(self, known: str) -> None:
        """Ten operations of different kinds and outcomes."""
        who, chart = "riverside", f"/v1/patients/{known}/chart"
        observation = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"text": "pulse"},
            "subject": {"reference": f"Patient/{known}"},
        }
        order = {"patient": known, "code": "1", "quantity": 1}
        self.ask(who, "readChart", known, "GET", chart)
        self.ask(who, "readChart", known, "GET", chart)
        self.ask(who, "readPatient", known, "GET", f"/v1/fhir/Patient/{known}")
        self.ask(who, "createObservation", known, "POST", "/v1/fhir/Observation", json=observation)
        self.ask(who, "searchObservation", known, "GET", f"/v1/fhir/Observation?patient={known}")
        self.ask(who, "searchPatient", None, "GET", f"/v1/fhir/Patient?family={uuid4().hex}")
        self.ask(who, "placeOrder", known, "POST", "/v1/orders", json=order)
        self.ask(
            who, "placeOrder", "nobody", "POST", "/v1/orders", json=order | {"patient": "nobody"}
        )
        # What is not valid is not read, so nobody knows whom it is about.
        self.ask(who, "placeOrder", None, "POST", "/v1/orders", json=order | {"quantity": 0})
        self.ask("stranger", "readChart", known, "GET", chart)


def told(event: Event) -> tuple[int, str, str | None]:
    return event.status, event.operation, event.patients[0] if event.patients else None


@pytest.mark.slow
def test_five_hundred_operations_are_five_hundred_events(start: Start) -> None:
    platform = start("production")
    driver = Driver(platform)
    with platform.client() as client:
        known = patient(client)
    for number in range(50):
        if number == 20:
            with sink_down(platform.settings):
                for _ in range(10):
                    driver.round(known)
        elif number < 20 or number > 29:
            driver.round(known)
    traces = list(driver.asked)
    until(lambda: len(trail(platform.settings, traces)) >= len(traces), 20)
    events = trail(platform.settings, traces)
    assert len(events) == len(traces) == 500
    for event in events:
        asked = driver.asked[event.trace or ""]
        assert told(event) == (asked.status, asked.operation, asked.patient)
        assert event.outcome == ("0" if asked.status < 400 else "4")
        AuditEvent.model_validate(fhir(event))
    statuses = {asked.status for asked in driver.asked.values()}
    assert statuses >= {200, 201, 401, 404, 422}


@pytest.mark.slow
def test_pilot_knows_nothing_of_reads_and_loses_writes_while_the_sink_is_down(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []

    def lost() -> int:
        said.extend(capfd.readouterr())
        return "".join(said).count("audit event lost")

    platform = start("production-audit_complete")
    driver = Driver(platform)
    with platform.client() as client:
        known = patient(client)
    driver.round(known)
    until(lambda: len(trail(platform.settings, list(driver.asked))) == 2)
    # The pilot sends its events off and waits for none: no end of the outage may cut one off.
    with sink_down(platform.settings):
        driver.round(known)
        until(lambda: lost() == 2)
    found = [told(event)[1] for event in trail(platform.settings, list(driver.asked))]
    assert sorted(found) == ["createObservation", "placeOrder"]


@pytest.mark.slow
def test_auditors_search_and_read_what_clinicians_may_not(start: Start) -> None:
    platform = start("production")
    with platform.client() as client:
        known = patient(client)
        client.get(f"/v1/patients/{known}/chart")
        assert client.get("/v1/fhir/AuditEvent").status_code == 403
    with platform.client("riverside-auditor") as auditor:

        def found(**query: str) -> list[dict[str, Any]]:
            answer = auditor.get("/v1/fhir/AuditEvent", params=query)
            assert answer.status_code == 200, answer.text
            return [entry["resource"] for entry in answer.json().get("entry", [])]

        until(lambda: len(found(patient=known)) >= 2, 10)
        mine = found(patient=known)
        people = [entity["what"]["reference"] for each in mine for entity in each["entity"][:1]]
        assert set(people) == {f"Patient/{known}"}
        today = mine[0]["recorded"][:10]
        assert len(found(patient=known, date=today)) == len(mine)
        assert found(patient=known, date=f"gt{today}") == []
        one = auditor.get(f"/v1/fhir/AuditEvent/{mine[0]['id']}")
        assert one.json() == mine[0]
        assert auditor.get("/v1/fhir/AuditEvent/nothing").status_code == 404
        AuditEvent.model_validate(orjson.loads(one.content))


@pytest.mark.slow
def test_the_trail_of_another_hospital_is_not_shown(start: Start) -> None:
    platform = start("production")
    with platform.client() as client:
        known = patient(client)
    sql = "SELECT id FROM platform.audit_events WHERE patient = $1"
    until(lambda: bool(rows(platform.settings, sql, known)), 10)
    event = rows(platform.settings, sql, known)[0]["id"]
    with platform.client("lakeside-auditor") as stranger:
        assert stranger.get(f"/v1/fhir/AuditEvent/{event}").status_code in (401, 403, 404)
