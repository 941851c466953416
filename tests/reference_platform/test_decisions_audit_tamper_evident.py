from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from reference_platform.audit.checkpoints import Checkpoints
from reference_platform.database import Database
from reference_platform.decisions.audit_tamper_evident import (
    AuditTamperEvident,
    Pilot,
    Production,
    head,
)
from reference_platform.decisions.crash_recovery import Production as Recovering
from reference_platform.decisions.tenant_isolation import Production as Isolated
from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.decisions.timeouts_deadlines import Production as Timely
from reference_platform.settings import Settings

from .conftest import Start, patient, until
from .test_audit_chain import SEED, event
from .test_decisions_audit_complete import rows

LENGTH = 12
TABLE = "platform.audit_events"
SWAPPED = "content, id, recorded, subject, patient, action, kind, outcome"


def append(
    settings: Settings, trail: AuditTamperEvident, tenant: str, numbers: Sequence[int]
) -> None:
    """Events `<tenant>-<number>`, in one transaction."""
    events = [replace(event(number), id=f"{tenant}-{number}", tenant=tenant) for number in numbers]

    async def run() -> None:
        database = Database(settings, "records", Isolated(), Timely(), Recovering())
        async with database, database.transaction(tenant, Deadline(None)) as connection:
            await trail.append(connection, tenant, events)
            link = await head(connection, tenant)
        if link.position:
            checkpoints = Checkpoints(settings.data_folder / "signed")
            checkpoints.add(tenant, link, "2031-01-01T00:00:00Z", SEED)

    asyncio.run(run())


def verified(settings: Settings) -> dict[str, dict[str, object]]:
    """What the command says of every trail."""
    folder = settings.data_folder / "signed"
    command = [sys.executable, "-m", "reference_platform.audit", "verify", "--json"]
    where = ["--url", str(settings.postgres_url), "--checkpoints", str(folder)]
    done = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {told["tenant"]: told for told in map(json.loads, done.stdout.splitlines())}


@pytest.fixture
def tenant(backing: Settings) -> str:
    """A hospital with a trail of `LENGTH` events and checkpoints of its half and its whole."""
    name = f"t{uuid4().hex}"
    append(backing, Production(), name, range(LENGTH // 2))
    append(backing, Production(), name, range(LENGTH // 2, LENGTH))
    return name


def swapped(one: int, other: int) -> str:
    """SQL that makes two events change places."""
    columns = SWAPPED.split(", ")
    moves = ", ".join(f"{column} = other.{column}" for column in columns if column != "id")
    return (
        f"UPDATE {TABLE} AS t SET {moves} FROM {TABLE} AS other WHERE t.tenant = $1 "
        f"AND other.tenant = $1 AND (t.position, other.position) "
        f"IN (({one}, {other}), ({other}, {one}))"
    )


@pytest.mark.slow
@pytest.mark.parametrize("position", [1, 5, 11])
def test_the_verifier_names_the_first_bad_position(backing: Settings, position: int) -> None:
    where = f"WHERE tenant = $1 AND position = {position}"
    attacks = {
        "change": f"UPDATE {TABLE} SET content = replace(content, 'dr-who', 'nobody') {where}",
        "column": f"UPDATE {TABLE} SET subject = 'nobody' {where}",
        "delete": f"DELETE FROM {TABLE} {where}",
        "reorder": swapped(position, position + 1),
        "truncate": f"DELETE FROM {TABLE} WHERE tenant = $1 AND position >= {position}",
    }
    names = {attack: f"t{uuid4().hex}" for attack in (*attacks, "nothing")}
    for attack, name in names.items():
        append(backing, Production(), name, range(LENGTH))
        if attack in attacks:
            rows(backing, attacks[attack], name)
    found = verified(backing)
    named = {attack: found[name].get("first_bad") for attack, name in names.items()}
    assert named == {**dict.fromkeys(attacks, position), "nothing": None}


@pytest.mark.slow
def test_what_is_known_is_not_added_again(backing: Settings, tenant: str) -> None:
    append(backing, Production(), tenant, range(LENGTH + 2))
    told = verified(backing)[tenant]
    assert (told["intact"], told["through"]) == (True, LENGTH + 2)


@pytest.mark.slow
def test_pilot_has_no_chain_that_could_break(backing: Settings) -> None:
    name = f"t{uuid4().hex}"
    append(backing, Pilot(), name, range(LENGTH))
    rows(backing, f"DELETE FROM {TABLE} WHERE tenant = $1 AND id = '{name}-3'", name)
    kept = rows(backing, f"SELECT hash FROM {TABLE} WHERE tenant = $1", name)
    assert [row["hash"] for row in kept] == [None] * (LENGTH - 1)
    rows(backing, f"DELETE FROM {TABLE} WHERE tenant = $1", name)


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["UPDATE {} SET outcome = '0'", "DELETE FROM {}", "TRUNCATE {}"])
def test_services_can_only_add(backing: Settings, tenant: str, verb: str) -> None:
    async def run() -> None:
        url = backing.database_url("records", "platform_app")
        owner = await asyncpg.connect(backing.postgres_url)
        app = await asyncpg.connect(url)
        transaction = owner.transaction()
        try:
            await transaction.start()
            for statement in Production().statements():
                await owner.execute(f"SET LOCAL search_path = platform; {statement}")
            await owner.execute("SET LOCAL ROLE platform_app")
            await owner.execute(f"SELECT set_config('app.tenant', '{tenant}', true)")
            await owner.execute(verb.format(TABLE))
        finally:
            await transaction.rollback()
            await app.close()
            await owner.close()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        asyncio.run(run())
    assert list(Pilot().statements()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "status"),
    [("production", "intact"), ("production-audit_tamper_evident", "unprotected")],
)
def test_an_auditor_asks_whether_the_trail_is_what_it_was(
    start: Start, profile: str, status: str
) -> None:
    platform = start(profile)
    with platform.client() as client:
        patient(client)
    with platform.client("riverside-auditor") as auditor:

        def told() -> dict[str, object]:
            answer = auditor.get("/v1/audit/verification")
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        until(lambda: told()["through"] != 0 or status == "unprotected", 10)
        assert told()["status"] == status


def test_a_verifier_without_a_database_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "reference_platform.audit", "verify"]
    where = ["--url", "postgresql://x@127.0.0.1:1/x", "--checkpoints", str(tmp_path)]
    done = subprocess.run([*command, *where], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("audit: the trail cannot be verified: ")
