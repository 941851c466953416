from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from reference_platform.database import Database
from reference_platform.decisions import crash_recovery, timeouts_deadlines
from reference_platform.decisions.tenant_isolation import Pilot, Production, TenantIsolation
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.settings import Settings

from .conftest import Start, patient, slot

NEVER = Deadline(None)


def attempts(owner: httpx.Client) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Requests that name what belongs to `owner`, by path and by body."""
    known, free = patient(owner), slot(owner)
    subject = {"subject": {"reference": f"Patient/{known}"}}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    return [
        ("GET", f"/v1/fhir/Patient/{known}", None),
        ("PUT", f"/v1/fhir/Patient/{known}", {"resourceType": "Patient", "name": [{"text": "x"}]}),
        ("GET", f"/v1/patients/{known}/chart", None),
        ("GET", f"/v1/patients/{known}/allergies", None),
        ("POST", f"/v1/patients/{known}/allergies", {"code": "1", "display": "x"}),
        ("POST", "/v1/fhir/Observation", observation | subject),
        ("POST", "/v1/orders", {"patient": known, "code": "1", "quantity": 1}),
        ("POST", "/v1/appointments", {"patient": known, "slot": free}),
        ("POST", "/v1/eligibility", {"patient": known, "payer": "p", "member": "m"}),
        ("POST", "/v1/lab-requests", {"patient": known, "code": "1"}),
    ]


def statuses(start: Start, profile: str) -> list[int]:
    platform = start(profile)
    with platform.client() as owner, platform.client("lakeside") as stranger:
        return [
            stranger.request(method, path, json=body, headers={"If-Match": 'W/"1"'}).status_code
            for method, path, body in attempts(owner)
        ]


@pytest.mark.slow
def test_what_belongs_to_another_hospital_does_not_exist(start: Start) -> None:
    assert set(statuses(start, "production")) == {404}


@pytest.mark.slow
def test_pilot_shows_and_changes_what_belongs_to_another(start: Start) -> None:
    assert set(statuses(start, "production-tenant_isolation")) == {200, 201}


@pytest.mark.slow
def test_searches_and_cached_charts_stop_at_the_tenant(start: Start) -> None:
    for profile, leaks in (("production", False), ("production-tenant_isolation", True)):
        platform = start(profile)
        with platform.client() as owner, platform.client("lakeside") as stranger:
            value = uuid4().hex
            resource = {
                "resourceType": "Patient",
                "name": [{"family": "Proband"}],
                "identifier": [{"system": "urn:mrn", "value": value}],
            }
            known = owner.post("/v1/fhir/Patient", json=resource).json()["id"]
            assert owner.get(f"/v1/patients/{known}/chart").status_code == 200
            cached = stranger.get(f"/v1/patients/{known}/chart").status_code
            found = stranger.get("/v1/fhir/Patient", params={"identifier": value}).json()["total"]
        assert (cached == 200, found == 1) == (leaks, leaks)


def rows_without_filter(settings: Settings, isolation: TenantIsolation, tenant: str) -> set[str]:
    """The tenants of all rows that a statement without a filter sees."""

    async def run() -> set[str]:
        database = Database(
            settings,
            "records",
            isolation,
            timeouts_deadlines.Production(),
            crash_recovery.Production(),
        )
        async with database, database.transaction(tenant, NEVER) as connection:
            rows = await connection.fetch("SELECT DISTINCT tenant FROM resources")
        return {row["tenant"] for row in rows}

    return asyncio.run(run())


@pytest.mark.slow
def test_the_database_itself_keeps_tenants_apart(start: Start) -> None:
    platform = start("production")
    with platform.client() as riverside, platform.client("lakeside") as lakeside:
        patient(riverside)
        patient(lakeside)
    assert rows_without_filter(platform.settings, Production(), "riverside") == {"riverside"}
    assert rows_without_filter(platform.settings, Production(), "") == set()
    assert rows_without_filter(platform.settings, Pilot(), "") >= {"riverside", "lakeside"}


@pytest.mark.slow
def test_a_row_for_another_tenant_is_refused(backing: Settings) -> None:
    async def run() -> None:
        settings = backing
        database = Database(
            settings,
            "records",
            Production(),
            timeouts_deadlines.Production(),
            crash_recovery.Production(),
        )
        async with database, database.transaction("lakeside", NEVER) as connection:
            await connection.execute(
                "INSERT INTO resources (tenant, type, id, content) "
                "VALUES ('riverside', 'Patient', 'x', '{}')"
            )

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(run())


@pytest.mark.slow
def test_no_role_of_the_services_owns_or_rules_anything(backing: Settings) -> None:
    async def run() -> list[tuple[str, bool, bool]]:
        connection = await asyncpg.connect(backing.postgres_url)
        try:
            rows = await connection.fetch(
                "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles "
                "WHERE rolname LIKE 'platform%' ORDER BY rolname"
            )
            unforced = await connection.fetchval(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'platform'::regnamespace "
                "AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity)"
            )
            assert unforced == 0
        finally:
            await connection.close()
        return [tuple(row) for row in rows]

    roles = asyncio.run(run())
    assert roles == [("platform_app", False, False), ("platform_pilot", False, True)]


def test_tenants_share_no_cache_key() -> None:
    keys = {Production().cache_key(tenant, "chart", "1") for tenant in ("riverside", "lakeside")}
    assert len(keys) == 2
    assert Pilot().cache_key("riverside", "chart", "1") == Pilot().cache_key("x", "chart", "1")


def test_a_tenant_cannot_write_sql() -> None:
    assert "''; DROP" in Production().begin("'; DROP TABLE resources")
