"""The tables of the scenario ``tenant-isolation`` against the reference platform's contract."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from codeblue.checks.isolation import Attempt, Things
from codeblue.workspace import builtin_root, load_module

SCENARIO = load_module(builtin_root() / "scenarios" / "security" / "test_tenant_isolation.py")
CONTRACT: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "reference_platform/contract/published/v1.json").read_bytes()
)
ATTEMPTS: list[Attempt] = SCENARIO.attempts()
MADE_ELSEWHERE = {"patient", "identifier", "family", "visit", "slot", "booked", "referred"} | {
    "provenance",
    "held",
    "event",
    "own_patient",
}


def _placeholders(attempt: Attempt) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", f"{attempt.path} {json.dumps(attempt.body)}"))


def test_every_operation_with_an_id_is_tried() -> None:
    ids = {name: "1" for attempt in ATTEMPTS for name in _placeholders(attempt)}
    assert SCENARIO.not_tried(CONTRACT, ATTEMPTS, Things(ids, [])) == []


def test_an_operation_that_nobody_tried_is_named() -> None:
    paths = CONTRACT["paths"] | {"/v1/wards/{id}": {"delete": {}}}
    missing = SCENARIO.not_tried(CONTRACT | {"paths": paths}, ATTEMPTS, Things({}, []))
    assert "DELETE /v1/wards/{id} (path)" in missing


def test_every_id_is_one_of_something_that_is_made() -> None:
    made = {place.partition("/")[2].strip("{}") for place in SCENARIO.RESOURCES}
    made |= {thing["name"] for thing in SCENARIO.TABLES["things"]} | MADE_ELSEWHERE
    assert {name for attempt in ATTEMPTS for name in _placeholders(attempt)} <= made


def test_what_destroys_comes_last() -> None:
    destroying = [one.method == "DELETE" or "erasure" in one.path for one in ATTEMPTS]
    assert destroying == sorted(destroying)
    assert "erasure" in ATTEMPTS[-1].path


@pytest.mark.parametrize("role", ["clinician", "administrator", "auditor", "launched"])
def test_every_role_reads_in_every_way(role: str) -> None:
    reads = [one for one in ATTEMPTS if one.method == "GET" and one.role == role]
    assert {one.source for one in reads} >= {"path", "tenant header", "tenant parameter", "cache"}
    assert len({one.path for one in reads if one.warm}) == len(reads) / 4


def test_an_intruder_sends_none_of_the_owners_texts() -> None:
    with httpx.Client(base_url="http://platform") as client:
        for attempt in ATTEMPTS:
            content = attempt.request(client, Things({}, [])).content.decode()
            assert "{text}" not in content
            assert "{number}" not in content
