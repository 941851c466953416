from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from codeblue.chaos import read_extension, run_experiment
from codeblue.checks import Check, CheckBroke, CheckMeta, Inconclusive
from codeblue.errors import UnhealedError, UsageError
from codeblue.journal import read_events
from codeblue.verdict import Verdict

if TYPE_CHECKING:
    from codeblue.session import Session

    from .conftest import SmallPlatform

CHART = [{"path": "/chart/{patient}"}]


def python(name: str, module: str, func: str, kind: str = "probe", **arguments: Any) -> Any:
    provider = {"type": "python", "module": f"codeblue.chaos.{module}", "func": func}
    return {"type": kind, "name": name, "provider": {**provider, "arguments": arguments}}


def mode(session: Session, name: str) -> Any:
    provider = {"type": "http", "url": f"{session.base_url}/mode/{name}"}
    return {"type": "action", "name": f"platform-{name}", "provider": provider}


def hypothesis(title: str, probe: Any, tolerance: str) -> dict[str, Any]:
    judged = {**probe, "tolerance": python("judges", "tolerances", tolerance)}
    return {"title": title, "probes": [judged]}


def every_request_ends(deadline: str, patience: str, **arguments: Any) -> dict[str, Any]:
    patient = {"requests": CHART, "deadline": deadline, "patience": patience}
    probe = python("ends", "probes", "unanswered", "probe", **patient, **arguments)
    return hypothesis("Every request ends", probe, "none_hung")


def charts_succeed() -> dict[str, Any]:
    steady = python("steady", "probes", "steady", requests=CHART)
    return hypothesis("Charts", steady, "at_least")


def experiment(
    session: Session,
    fault: str,
    heal: str = "ok",
    steady_state: dict[str, Any] | None = None,
    **changes: Any,
) -> Path:
    hasty = every_request_ends("200ms", "500ms", count=4, over="100ms")
    recovery = {"requests": CHART, "within": "0.3s"}
    fields = {
        "title": "The platform hangs",
        "description": "Nothing waits for ever",
        "extensions": [{"name": "codeblue", "id": "hangs", "threshold": "0 of 4 hung"}],
        "steady-state-hypothesis": steady_state or hasty,
        "method": [mode(session, fault)],
        "rollbacks": [
            mode(session, heal),
            python("recovers", "actions", "wait_until_recovered", "action", **recovery),
        ],
        **changes,
    }
    path = session.workspace / "experiment.yaml"
    path.write_text(yaml.safe_dump(fields))
    return path


@pytest.fixture
def check(session: Session) -> Check:
    return Check(CheckMeta("hangs", "The platform hangs", "failures"), session.journal)


def stages(session: Session) -> list[str]:
    return [event["stage"] for event in read_events(session.run.path) if event["kind"] == "stage"]


def test_a_platform_that_answers_in_time_passes(session: Session, check: Check) -> None:
    run_experiment(experiment(session, "error"), check, session)
    assert check.verdict is Verdict.PASS
    assert check.control_result == "passed"
    assert check.threshold == "0 of 4 hung"
    assert check.measured.startswith("0 of 4 requests still without an answer after 0.5 s")
    assert stages(session) == ["control", "stressor", "oracle", "recovery"]
    assert check.evidence["recovery"]["recovers"]["recovered"] is True


def test_a_platform_that_hangs_fails_with_the_sentence(session: Session, check: Check) -> None:
    with pytest.raises(CheckBroke, match=r"4 of 4 requests still without an answer after 0.5 s"):
        run_experiment(experiment(session, "hang"), check, session)
    assert check.verdict is Verdict.FAIL
    assert check.evidence["oracle"]["ends"]["hung"] == 4


def test_a_platform_that_does_not_come_back_fails(session: Session, check: Check) -> None:
    with pytest.raises(CheckBroke, match=r"after the fault: not recovered within 0.3 s"):
        run_experiment(experiment(session, "error", heal="error"), check, session)
    assert check.verdict is Verdict.FAIL


def test_a_broken_control_is_inconclusive(
    session: Session, check: Check, platform: SmallPlatform
) -> None:
    platform.mode = "error"
    with pytest.raises(Inconclusive, match=r"control: .* only 0 of 4 requests succeed"):
        run_experiment(experiment(session, "hang"), check, session)
    assert check.control_result == "failed"
    assert "stressor" not in stages(session)


def test_a_fault_that_could_not_be_injected_is_inconclusive(session: Session, check: Check) -> None:
    unknown = python("breaks", "actions", "inject", "action", edge="nowhere", fault="hang")
    with pytest.raises(Inconclusive, match='stressor: breaks failed: edge "nowhere"'):
        run_experiment(experiment(session, "ok", method=[unknown]), check, session)


def test_a_crashing_oracle_is_inconclusive(session: Session, check: Check) -> None:
    with pytest.raises(Inconclusive, match="oracle: ends failed: the fault was not felt"):
        run_experiment(experiment(session, "ok"), check, session)
    assert check.verdict is Verdict.INCONCLUSIVE


def test_the_journals_tell_what_happened(session: Session, check: Check) -> None:
    run_experiment(experiment(session, "error"), check, session)
    kept = json.loads((session.run.path / "experiments" / "hangs.json").read_text())
    assert kept["status"] == "completed"
    events = read_events(session.run.path)
    notes = [event["text"] for event in events if event["kind"] == "activity"]
    assert notes[0] == "experiment: The platform hangs"
    assert notes[-1] == "experiment: The platform hangs: completed"
    [began] = [e for e in events if e.get("activity") == "platform-error" and "status" not in e]
    assert (began["kind"], began["experiment"], began["stage"]) == (
        "activity-began",
        "hangs",
        "stressor",
    )
    ended = [e for e in events if e["kind"] == "activity-ended" and e["activity"] == "ends"]
    assert [(each["stage"], each["status"]) for each in ended] == [
        ("control", "succeeded"),
        ("oracle", "succeeded"),
    ]
    assert ended[1]["text"].startswith("probe ends: 0 of 4 requests")
    assert ended[1]["seconds"] >= 0


def test_the_terminal_stays_quiet(
    session: Session, check: Check, capfd: pytest.CaptureFixture[str]
) -> None:
    run_experiment(experiment(session, "error"), check, session)
    assert capfd.readouterr() == ("", "")
    assert "Running experiment" in (session.run.logs / "chaostoolkit.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_experiment_after_its_rollbacks(
    session: Session, check: Check, platform: SmallPlatform, number: signal.Signals
) -> None:
    path = experiment(session, "hang", steady_state=every_request_ends("4s", "10s", count=2))
    threading.Timer(1.5, os.kill, (os.getpid(), number)).start()
    with pytest.raises(KeyboardInterrupt):
        run_experiment(path, check, session)
    assert platform.mode == "ok"
    assert check.verdict is Verdict.INCONCLUSIVE


def test_what_chaos_toolkit_refuses_is_a_usage_error(session: Session, check: Check) -> None:
    path = experiment(session, "hang", description="")
    assert read_extension(path).id == "hangs"
    with pytest.raises(UsageError, match="experiment requires a description"):
        run_experiment(path, check, session)


def test_a_fault_left_behind_outweighs_every_judgement(
    proxied: Session, fault_proxy: subprocess.Popen[bytes]
) -> None:
    check = Check(CheckMeta("hangs", "The platform hangs", "failures"), proxied.journal)
    provider = {"type": "process", "path": "kill", "arguments": f"-9 {fault_proxy.pid}"}
    path = experiment(
        proxied,
        "ok",
        method=[
            python("breaks", "actions", "inject", "action", edge="platform-store", fault="hang"),
            {"type": "action", "name": "proxy-dies", "provider": provider},
        ],
        rollbacks=[python("heals", "actions", "heal", "action")],
        steady_state=charts_succeed(),
    )
    with pytest.raises(UnhealedError, match="edge platform-store: hang is still in place"):
        run_experiment(path, check, proxied)
    assert json.loads((proxied.run.path / "experiments" / "hangs.json").read_text())["rollbacks"]


def test_without_rollbacks_the_control_heals(proxied: Session) -> None:
    check = Check(CheckMeta("hangs", "The platform hangs", "failures"), proxied.journal)
    path = experiment(
        proxied,
        "ok",
        method=[python("b", "actions", "inject", "action", edge="platform-store", fault="hang")],
        rollbacks=[],
        steady_state=charts_succeed(),
    )
    run_experiment(path, check, proxied)
    events = read_events(proxied.run.path)
    assert [e["verified"] for e in events if e["kind"] == "fault-healed"] == [True]
