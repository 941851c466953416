"""Guards under ``codeblue assess``: what a breach means for the check."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import yaml

from codeblue.chaos import run_experiment
from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.errors import JournalError, UsageError
from codeblue.journal import Journal, read_events
from codeblue.verdict import Verdict

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

CHART = [{"path": "/chart/{patient}"}]
CONTROL = {"type": "python", "module": "codeblue.chaos.control"}
GUARD = 20.0


def python(name: str, module: str, func: str, kind: str, **arguments: Any) -> dict[str, Any]:
    provider = {"type": "python", "module": f"codeblue.chaos.{module}", "func": func}
    return {"type": kind, "name": name, "provider": {**provider, "arguments": arguments}}


def http(session: Session, path: str, **changes: Any) -> dict[str, Any]:
    provider = {"type": "http", "url": f"{session.base_url}{path}", "timeout": 5}
    return {
        "type": "action",
        "name": path.strip("/").replace("/", "-"),
        "provider": provider,
    } | changes


def charts_answered(**changes: Any) -> dict[str, Any]:
    probe = python("charts", "probes", "answered", "probe", requests=CHART, last=3, within="1s")
    tolerance = {"type": "range", "target": "answered", "range": [0.5, 1.0]}
    fields = {"name": "charts", "provider": probe["provider"], "tolerance": tolerance}
    return {**fields, "every": "500ms", **changes}


def experiment(session: Session, guard: dict[str, Any], **extension: Any) -> Path:
    """The platform fails from the method's first step on, and the second one takes long."""
    entry = {"name": "codeblue", "id": "guarded", "threshold": "all", "guards": [guard]}
    steady = python("steady", "probes", "steady", "probe", requests=CHART, count=2)
    judged = python("judges", "tolerances", "at_least", "probe")
    recovery = {"requests": CHART, "within": "0.3s", "count": 2}
    del recovery["count"]
    fields = {
        "title": "Guarded",
        "description": "A guard watches",
        "extensions": [{**entry, **extension}],
        "controls": [{"name": "codeblue", "provider": CONTROL}],
        "steady-state-hypothesis": {"title": "Charts", "probes": [{**steady, "tolerance": judged}]},
        "method": [
            http(session, "/mode/error", pauses={"after": 30}),
            http(session, "/never"),
        ],
        "rollbacks": [
            http(session, "/mode/ok"),
            python("recovers", "actions", "wait_until_recovered", "action", **recovery),
        ],
    }
    path = session.workspace / "experiment.yaml"
    path.write_text(yaml.safe_dump(fields))
    return path


@pytest.fixture
def check(session: Session) -> Check:
    return Check(CheckMeta("guarded", "Guarded", "failures"), session.journal)


def kinds(session: Session) -> list[str]:
    return [event["kind"] for event in read_events(session.run.path)]


def test_a_breach_ends_the_experiment_in_the_middle_of_a_step_and_decides_nothing(
    session: Session, check: Check, platform: SmallPlatform
) -> None:
    began = time.monotonic()
    with pytest.raises(Inconclusive, match=r"aborted by guard charts: \d of the last \d requests"):
        run_experiment(experiment(session, charts_answered()), check, session)
    assert time.monotonic() - began < GUARD
    assert check.verdict is Verdict.INCONCLUSIVE
    assert check.reason.startswith("aborted by guard charts: ")
    assert check.evidence["guard"]["name"] == "charts"
    assert platform.mode == "ok", "the rollbacks were played"
    assert "/never" not in [path for _, path, _ in platform.seen]
    report = json.loads((session.run.path / "experiments" / "guarded.json").read_text())
    assert report["status"] == "interrupted"
    assert [run["status"] for run in report["rollbacks"]] == ["succeeded", "succeeded"]
    assert kinds(session).index("guard-breached") < kinds(session).index("guard-healed")


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "disk", "folder": "platform", "megabytes": 5, "seconds": 60},
        {"fault": "memory", "megabytes": 16, "seconds": 60},
    ],
    ids=lambda fault: fault["fault"],
)
def test_a_breach_heals_the_host_as_well(
    session: Session, check: Check, fault: dict[str, Any]
) -> None:
    (session.run.path / "platform").mkdir()
    path = experiment(session, charts_answered())
    fields = yaml.safe_load(path.read_text())
    breaks = python("breaks", "actions", "inject", "action", **fault)
    path.write_text(yaml.safe_dump({**fields, "method": [breaks, *fields["method"]]}))
    with pytest.raises(Inconclusive, match="aborted by guard charts"):
        run_experiment(path, check, session)
    [healed] = [e for e in read_events(session.run.path) if e["kind"] == "guard-healed"]
    assert len(healed["healed"]) == 1
    assert healed["left"] == ""
    assert healed["seconds"] < 2
    assert list((session.run.path / "platform").iterdir()) == []


@pytest.fixture
def victim(session: Session) -> Iterator[psutil.Process]:
    """A process that codeblue.toml declares under that name."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    file = session.workspace / "victim.pid"
    file.write_text(str(process.pid))
    with (session.workspace / "codeblue.toml").open("a") as configuration:
        configuration.write(f'\n[processes.victim]\npidfile = "{file}"\n')
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def test_a_breach_lets_a_stopped_process_go_on(
    session: Session, check: Check, victim: psutil.Process
) -> None:
    path = experiment(session, charts_answered())
    fields = yaml.safe_load(path.read_text())
    stops = python("stops", "actions", "inject", "action", fault="stop", process="victim")
    path.write_text(yaml.safe_dump({**fields, "method": [stops, *fields["method"]]}))
    with pytest.raises(Inconclusive, match="aborted by guard charts"):
        run_experiment(path, check, session)
    events = read_events(session.run.path)
    assert [e["type"] for e in events if e["kind"] == "fault-injected"] == ["stop"]
    [healed] = [e for e in events if e["kind"] == "guard-healed"]
    assert (healed["healed"], healed["left"]) == (["victim stop"], "")
    assert healed["seconds"] < 2
    assert victim.status() != psutil.STATUS_STOPPED


def test_a_guard_that_is_an_oracle_breaks_the_platform(session: Session, check: Check) -> None:
    path = experiment(session, charts_answered(), guard_is_oracle=True)
    with pytest.raises(CheckBroke, match="aborted by guard charts"):
        run_experiment(path, check, session)
    assert check.verdict is Verdict.FAIL


def test_a_blind_guard_is_no_oracle(session: Session, check: Check) -> None:
    provider = http(session, "/chart/1", provider={"type": "http", "url": "http://127.0.0.1:9"})
    seen = {"type": "python", "module": "codeblue.chaos.probes", "func": "answered"}
    sees = charts_answered(provider={**seen, "arguments": {"requests": CHART, "within": "1s"}})
    blind = charts_answered(name="blind", provider=provider["provider"], tolerance=200)
    path = experiment(session, sees, guards=[blind], guard_is_oracle=True)
    with pytest.raises(Inconclusive, match="aborted by guard blind: blind: "):
        run_experiment(path, check, session)


def test_a_guard_that_is_breached_before_the_method_is_never_a_finding(
    session: Session, check: Check, platform: SmallPlatform
) -> None:
    never = charts_answered(tolerance={"type": "range", "target": "answered", "range": [2, 3]})
    with pytest.raises(Inconclusive, match="aborted by guard charts: 1 of the last 1 requests"):
        run_experiment(experiment(session, never, guard_is_oracle=True), check, session)
    assert "/mode/error" not in [path for _, path, _ in platform.seen]


def test_a_platform_that_does_not_come_back_after_a_breach_is_broken(
    session: Session, check: Check
) -> None:
    path = experiment(session, charts_answered())
    fields = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**fields, "rollbacks": fields["rollbacks"][1:]}))
    with pytest.raises(CheckBroke, match=r"aborted by guard charts: .*; after the fault: not rec"):
        run_experiment(path, check, session)


def test_a_rollback_that_fails_after_a_breach_is_told(session: Session, check: Check) -> None:
    path = experiment(session, charts_answered())
    fields = yaml.safe_load(path.read_text())
    fails = python("fails", "actions", "inject", "action", fault="hang", edge="nowhere")
    path.write_text(yaml.safe_dump({**fields, "rollbacks": [*fields["rollbacks"], fails]}))
    with pytest.raises(Inconclusive, match=r"aborted by guard charts: .*; fails failed: edge"):
        run_experiment(path, check, session)


def test_a_guard_that_chaos_toolkit_refuses_is_a_usage_error(
    session: Session, check: Check
) -> None:
    path = experiment(session, charts_answered(provider={"type": "pigeon"}))
    with pytest.raises(UsageError, match=r"experiment.yaml: guard charts: unknown provider type"):
        run_experiment(path, check, session)


def test_what_is_wrong_beside_the_guards_is_a_usage_error_and_no_interrupt(
    session: Session, check: Check
) -> None:
    load = {"requests": [{"path": "/chart"}], "rate": 1, "rates": 2}
    with pytest.raises(UsageError, match="rates"):
        run_experiment(experiment(session, charts_answered(), load=load), check, session)


def test_a_breach_of_the_last_experiment_is_not_one_of_the_next(
    session: Session, check: Check
) -> None:
    with pytest.raises(Inconclusive):
        run_experiment(experiment(session, charts_answered()), check, session)
    fields = yaml.safe_load((session.workspace / "experiment.yaml").read_text())
    path = session.workspace / "next.yaml"
    path.write_text(yaml.safe_dump({**fields, "method": []}))
    again = Check(CheckMeta("guarded", "Guarded", "failures"), session.journal)
    run_experiment(path, again, session)
    assert again.verdict is Verdict.PASS


def test_a_journal_that_cannot_be_written_ends_the_experiment(
    session: Session, check: Check, platform: SmallPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Journal.event

    def full(journal: Journal, kind: str, **fields: Any) -> None:
        if kind == "activity-ended":
            raise JournalError("the disk is full")
        write(journal, kind, **fields)

    monkeypatch.setattr(Journal, "event", full)
    with pytest.raises(JournalError, match="the disk is full"):
        run_experiment(experiment(session, charts_answered()), check, session)
    assert "/mode/error" not in [path for _, path, _ in platform.seen]
