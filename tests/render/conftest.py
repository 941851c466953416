"""Runs as a session leaves them: a pilot that broke, a production that held, and wrecks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codeblue.journal import IN_FLIGHT, RequestWriter

START = 1_790_000_000.0
Event = dict[str, Any]

# id, title, risk, switch, threshold, pilot measured, production measured
CHECKS = [
    (
        "schema-validation", "Malformed resources are refused", "data quality", "schema_validation",
        "0 accepted, 0 answers of 500, 0 stored",
        "218 of 230 malformed items were accepted and 218 stored",
        "0 of 230 malformed items were accepted",
    ),
    (
        "concurrent-booking", "One slot goes to one patient", "load", "concurrency_control",
        "0 slots with more than one booking, 0 allergies lost",
        "30 of 30 slots were booked more than once; 45 of 50 allergies were lost",
        "0 of 30 slots were booked more than once; 0 of 50 allergies were lost",
    ),
    (
        "retried-orders", "A retried order is placed once", "integrations", "idempotency",
        "exactly as many orders as patients asked for",
        "100 orders asked for, 200 placed",
        "100 orders asked for, 100 placed",
    ),
    (
        "silent-partner", "A partner that never answers holds nobody up", "failures",
        "timeouts_deadlines", "every request ends within 2.4 s; 0 still open afterwards",
        "40 of 40 requests were still open after 8 s",
        "the longest of 40 requests took 1.04 s; 0 still open",
    ),
    (
        "hanging-insurer", "A hanging insurer leaves charts alone", "failures", "bulkheads",
        "at least 99 % of chart reads succeed",
        "4.1 % of 190 chart reads succeeded",
        "100 % of 190 chart reads succeeded",
    ),
    (
        "tenant-isolation", "No hospital sees another's patients", "compliance", "tenant_isolation",
        "0 reads or writes across tenants",
        "61 of 84 attempts across tenants succeeded",
        "0 of 84 attempts across tenants succeeded",
    ),
]  # fmt: skip


def write_events(run: Path, events: list[Event]) -> None:
    run.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(event) for event in events]
    (run / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))


def opening(profile: str) -> list[Event]:
    run = {"run": f"20260921-{profile}-3f9a", "profile": profile, "suite": "quick"}
    facts = {
        "target": "Riverside network",
        "seed": 7,
        "versions": {"python": "3.11.9", "codeblue": "0.1.0", "platform": "Linux x86_64"},
        "config_sha256": "ab" * 32,
        "command": f"codeblue assess --profile {profile}",
    }
    planned = [
        {"at": START + 0.1, "kind": "check-planned", "id": key, "title": title, "risk": risk,
         "examines": [switch], "source": f"scenarios/test_{switch}.py"}
        for key, title, risk, switch, *_ in CHECKS
    ]  # fmt: skip
    return [
        {"at": START, "kind": "run-started", **run, **facts},
        *planned,
        {"at": START + 0.5, "kind": "phase", "name": "start the platform", "state": "started"},
        {"at": START + 4.0, "kind": "phase", "name": "start the platform", "state": "finished"},
        {"at": START + 4.5, "kind": "seeded", "tenant": "riverside", "patients": ["a", "b", "c"]},
    ]


def check_events(index: int, *, broke: bool) -> list[Event]:
    key, title, risk, switch, threshold, pilot, production = CHECKS[index]
    at = START + 6 + 10 * index
    stages = [
        {"at": at + offset, "kind": "stage", "id": key, "stage": stage}
        for offset, stage in ((0.1, "control"), (2.0, "stressor"), (6.0, "oracle"))
    ]
    finished = {
        "at": at + 8, "kind": "check-finished", "id": key, "title": title, "risk": risk,
        "examines": [switch], "verdict": "fail" if broke else "pass",
        "measured": pilot if broke else production, "threshold": threshold, "seconds": 8.0,
        "reason": "", "control": "40 of 40 requests of the same workload succeeded",
        "evidence": {"attempts": 40, "examples": ["HTTP 200 <b>not bold</b>"], "token": "s3cret"},
        "reproduce": f"codeblue assess --profile pilot --check {key}",
    }  # fmt: skip
    return [{"at": at, "kind": "check-started", "id": key}, *stages, finished]


def fault_events() -> list[Event]:
    faults = [("f1", "hub-insurer", "timeout", 38, 42), ("f2", "hub-insurer", "latency", 48, 52)]
    events = []
    for key, edge, kind, start, end in faults:
        common = {"fault": key, "edge": edge, "type": kind}
        injected = {**common, "attributes": {"latency": 900}}
        events += [
            {"at": START + start, "kind": "fault-injected", **injected},
            {"at": START + end, "kind": "fault-healed", **common, "verified": True},
        ]
    return events


def journey_fields(issued: int, failed: int, in_flight: int, *, broke: bool) -> Event:
    slow = 100.0 if broke else 1.0
    return {
        "issued": issued, "ok": issued - failed - in_flight, "failed": failed,
        "in_flight": in_flight, "dropped": 0, "requests": 2 * issued, "p50": 15.2, "p95": 28.9,
        "p99": 41.0 * slow, "service_p50": 14.9, "service_p99": 38.5, "queue_p99": 2.5 * slow,
    }  # fmt: skip


def load_events(*, broke: bool) -> list[Event]:
    failed, in_flight = (132, 12) if broke else (3, 0)
    finished = {
        "load": "ward", "issued": 1800, "ok": 1800 - failed - in_flight, "failed": failed,
        "in_flight": in_flight, "dropped": 0, "lateness_p99_ms": 3.2, "workers": 2,
        "seconds": 60.0,
        "generator_honest": True, "reason": "", "journeys": {
            "chart-review": journey_fields(1200, failed * 2 // 3, in_flight * 2 // 3, broke=broke),
            "eligibility": journey_fields(600, failed // 3, in_flight // 3, broke=broke),
        },
    }  # fmt: skip
    rates = {"chart-review": 20, "eligibility": 10}
    measured = (92.06, 4870.0) if broke else (99.97, 41.0)
    return [
        {"at": START + 5, "kind": "load-started", "load": "ward", "journeys": rates, "seconds": 60},
        {"at": START + 66, "kind": "load-finished", **finished},
        {"at": START + 66.1, "kind": "objective", "journey": "chart-review", "unit": "%",
         "objective": "availability", "threshold": 99.95, "measured": measured[0],
         "met": not broke, "load": "ward"},
        {"at": START + 66.2, "kind": "objective", "journey": "chart-review", "unit": "ms",
         "objective": "p99", "threshold": 300, "measured": measured[1], "met": not broke,
         "load": "ward"},
        {"at": START + 66.3, "kind": "ledger", "load": "ward", "acknowledged": 420,
         "kept": 400 if broke else 420, "lost": 18 if broke else 0, "stale": 2 if broke else 0,
         "duplicated": 9 if broke else 0, "leaked": 0, "unknown": 0,
         "examples": {"lost": ["riverside: order 42 is gone"]} if broke else {}},
        {"at": START + 66.4, "kind": "history", "load": "ward", "objects": 30, "operations": 240,
         "anomalies": 3 if broke else 0, "undecided": 0,
         "examples": {"slot": ["riverside:s7 was given to two patients"]} if broke else {}},
    ]  # fmt: skip


def write_requests(run: Path, *, broke: bool) -> None:
    """1,800 arrivals over a minute, from two workers, of two requests each.

    In a broken platform they hang while a fault is active.
    """
    dice = np.random.default_rng(7)
    writers = [RequestWriter(run / "requests", "ward", worker, START + 5) for worker in "01"]
    for index in range(1800):
        due = index / 30
        latency = float(dice.lognormal(-4.2, 0.35))
        status = 200
        if broke and (33 <= due < 37 or 43 <= due < 47):
            latency += float(dice.uniform(1, 5))
            status = 503 if dice.random() < 0.5 else 200
        if broke and index >= 1788:
            status = IN_FLIGHT
        writer = writers[index % 2]
        journey = "eligibility" if index % 3 == 0 else "chart-review"
        writer.add(due, latency / 2, latency / 2, writer.name(journey, "GET /patients"), 200)
        writer.add(due, latency, latency / 2, writer.name(journey, "GET /chart"), status)
    for writer in writers:
        writer.close()


def closing(*, broke: bool) -> Event:
    word = "broke" if broke else "held"
    return {"at": START + 74, "kind": "run-finished", "verdict": word, "exit": int(broke),
            "seconds": 74.0, "reason": ""}  # fmt: skip


def write_whole_run(run: Path, profile: str) -> Path:
    broke = profile == "pilot"
    middle = [event for index in range(len(CHECKS)) for event in check_events(index, broke=broke)]
    middle += [*fault_events(), *load_events(broke=broke)]
    middle.sort(key=lambda event: event["at"])
    write_events(run, [*opening(profile), *middle, closing(broke=broke)])
    write_requests(run, broke=broke)
    return run


@pytest.fixture
def pilot(tmp_path: Path) -> Path:
    """A finished run in which all six checks failed."""
    return write_whole_run(tmp_path / "pilot", "pilot")


@pytest.fixture
def production(tmp_path: Path) -> Path:
    """A finished run in which all six checks passed."""
    return write_whole_run(tmp_path / "production", "production")


@pytest.fixture
def wreck(tmp_path: Path) -> Path:
    """A run that was killed during its second check, under a fault, before any request was kept."""
    run = tmp_path / "wreck"
    started = [event for event in check_events(1, broke=False) if event["kind"] != "check-finished"]
    loading = [event for event in load_events(broke=False) if event["kind"] == "load-started"]
    fault = {"at": START + 19, "kind": "fault-injected", "fault": "f9", "edge": "records-postgres",
             "type": "reset_peer", "attributes": {}}  # fmt: skip
    late = {"at": START + 18, "kind": "warning", "text": "The machine was busy before the run."}
    first = check_events(0, broke=False)
    write_events(run, [*opening("production"), *loading, *first, *started, late, fault])
    with (run / "events.jsonl").open("a") as journal:
        journal.write('{"at": 1790000020.0, "kind": "check-fin')
    return run


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A run that left nothing at all."""
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.fixture
def journal_of(tmp_path: Path) -> Callable[[list[Event]], Path]:
    """Write a run of the given events and return its folder."""

    def write(events: list[Event]) -> Path:
        write_events(tmp_path / "run", events)
        return tmp_path / "run"

    return write
