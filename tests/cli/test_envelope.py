"""``codeblue envelope``, as a user types it: on a small platform, and on the reference platform."""

from __future__ import annotations

import json
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from codeblue.journal import read_events
from codeblue.session_file import UP, SessionFile

from .conftest import CodeblueCommand, StartCodeblue, until

ROOT = Path(__file__).parents[2]

# Notes come back at once, so what is tolerated is the objective, less what the machine needs.
BRIEF = """
title = "A few notes"
seconds = 1
drain = 1
arrivals = "constant"
lateness_bound = 5
journeys = { note = 10 }
[objectives]
note = { availability = 50, p99 = "1.8s", recovery = "3s" }
"""
IMPOSSIBLE = BRIEF.replace('p99 = "1.8s"', 'p99 = "0.1ms"')
SEARCH = ("envelope", "--edge", "client-gateway", "--fault", "latency", "--profile", "brief")


@pytest.fixture
def workspace(notes: Path) -> Path:
    loads = notes / "scenarios" / "load"
    (loads / "brief.toml").write_text(textwrap.dedent(BRIEF))
    (loads / "impossible.toml").write_text(textwrap.dedent(IMPOSSIBLE))
    return notes


@pytest.fixture
def found_by(start_codeblue: StartCodeblue) -> CodeblueCommand:
    """Runs the command to its end, which on a busy machine takes its time."""

    def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        process = start_codeblue(*arguments, cwd=cwd)
        output, errors = process.communicate(timeout=900)
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    return run


def run_of(workspace: Path) -> Path:
    return max((workspace / ".codeblue" / "runs").glob("*-envelope-*"))


def events(workspace: Path, kind: str) -> list[dict[str, Any]]:
    return [event for event in read_events(run_of(workspace)) if event["kind"] == kind]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--edge", "client-gateway"), "--fault: name one of latency, bandwidth, loss, outage"),
        (("--fault", "latency"), "--edge: name one edge"),
        (("--edge", "client-gatewy", "--fault", "latency"), 'Did you mean "client-gateway"?'),
        (("--edge", "client-gateway", "--fault", "latenzy"), 'Did you mean "latency"?'),
        (("--map", "--profile", "bref"), 'Did you mean "brief"?'),
        (("--map", "--profile", "spike"), "its rate changes over time"),
    ],
)
def test_what_was_asked_wrongly_is_said_before_anything_starts(
    codeblue: CodeblueCommand, workspace: Path, words: tuple[str, ...], said: str
) -> None:
    profile = () if "--profile" in words else ("--profile", "brief")
    done = codeblue("envelope", *words, *profile, cwd=workspace)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (workspace / ".codeblue").exists()


@pytest.mark.slow
def test_the_envelope_of_one_edge_holds_what_the_objective_allows(
    found_by: CodeblueCommand, workspace: Path
) -> None:
    done = found_by(*SEARCH, "--seconds-per-point", "1", "--json", cwd=workspace)
    assert done.returncode == 0, done.stdout + done.stderr
    answer = json.loads(done.stdout)
    [found] = answer["envelope"]
    assert (found["edge"], found["fault"], found["unit"]) == ("client-gateway", "latency", "ms")
    assert found["standing"] == "found"
    # A slow machine takes from what the objective allows, and never adds to it.
    assert 10 <= found["tolerated"] < 1_800
    assert found["tolerated"] < found["broke_at"] <= 2_200
    assert found["confidence"] > 0.9
    assert answer["verdict"] == "held"

    points = events(workspace, "envelope-point")
    ends = [p["severity"] for p in points]
    assert min(ends.count(found["tolerated"]), ends.count(found["broke_at"])) >= 2
    assert events(workspace, "envelope-control")[0]["verdict"] == "held"
    assert len(events(workspace, "fault-healed")) == len(points)
    assert all(event["verified"] for event in events(workspace, "fault-healed"))
    page = (run_of(workspace) / "report.html").read_text()
    assert "The resilience envelope" in page
    assert "both ends confirmed" in page
    assert "at most" in done.stderr


@pytest.mark.slow
def test_an_outage_comes_in_the_middle_and_lasts_as_long_as_said(
    found_by: CodeblueCommand, workspace: Path
) -> None:
    """Half of the arrivals may fail, and the longest outage is less than half of its load."""
    words = ("envelope", "--edge", "client-gateway", "--fault", "outage", "--profile", "brief")
    done = found_by(*words, "--json", cwd=workspace)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = json.loads(done.stdout)["envelope"]
    assert (found["standing"], found["tolerated"], found["points"]) == ("beyond", 3.3, 2)
    assert "beyond the range" in found["sentence"]
    begun = [event["at"] for event in events(workspace, "load-started")][1:]
    broken = [event["at"] for event in events(workspace, "fault-injected")]
    healed = [event["at"] for event in events(workspace, "fault-healed")]
    for start, end in zip(broken, healed, strict=True):
        assert 3.3 <= end - start < 8
    assert all(at > start + 0.9 for at, start in zip(broken, begun, strict=True))


@pytest.mark.slow
def test_a_control_that_fails_is_inconclusive(found_by: CodeblueCommand, workspace: Path) -> None:
    words = ("envelope", "--map", "--profile", "impossible", "--seconds-per-point", "0.5")
    done = found_by(*words, cwd=workspace)
    assert done.returncode == 3
    assert "the control failed" in done.stdout
    assert not events(workspace, "fault-injected")


@pytest.mark.slow
def test_a_map_that_is_ended_early_shows_what_is_known(
    found_by: CodeblueCommand, workspace: Path
) -> None:
    words = ("envelope", "--map", "--fault", "latency", "--fault", "outage", "--profile", "brief")
    done = found_by(*words, "--seconds-per-point", "1", "--minutes", "0.1", cwd=workspace)
    assert done.returncode == 3
    assert "the time was up" in done.stdout
    assert {event["standing"] for event in events(workspace, "envelope")} == {"unfinished"}
    page = (run_of(workspace) / "report.html").read_text()
    assert "No answer" in page
    assert "The resilience envelope" in page


@pytest.fixture
def up(start_codeblue: StartCodeblue, workspace: Path) -> Iterator[str]:
    """The fault proxy of a platform that is up while searches come and go."""
    process = start_codeblue("up", "--profile", "production", cwd=workspace)
    assert until((workspace / UP).is_file)
    yield SessionFile.read(workspace / UP).proxy_url
    process.send_signal(signal.SIGINT)
    process.wait(20)


def toxics(proxy_url: str) -> int:
    proxies = httpx.get(f"{proxy_url}/proxies").json().values()
    return sum(len(proxy["toxics"]) + (not proxy["enabled"]) for proxy in proxies)


def under_fault(process: subprocess.Popen[str], proxy_url: str) -> None:
    ended_or_broken = until(lambda: process.poll() is not None or toxics(proxy_url), 300)
    assert ended_or_broken, "no fault in time"
    assert process.poll() is None, process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_fault_is_gone_within_two_seconds_of_the_end(
    start_codeblue: StartCodeblue,
    codeblue: CodeblueCommand,
    workspace: Path,
    up: str,
    number: signal.Signals,
) -> None:
    process = start_codeblue(*SEARCH, "--seconds-per-point", "8", cwd=workspace)
    under_fault(process, up)
    process.send_signal(number)
    began = time.monotonic()
    assert until(lambda: not toxics(up), 10)
    assert time.monotonic() - began < 2.5  # 2 s, and the looks in between
    output, errors = process.communicate(timeout=120)
    if number is signal.SIGKILL:
        done = codeblue("report", run_of(workspace).name, cwd=workspace)
        assert done.returncode == 3, done.stdout + done.stderr
    else:
        assert process.returncode == 3, output + errors
    page = (run_of(workspace) / "report.html").read_text()
    assert "The resilience envelope" in page
    assert "client-gateway" in page


def is_broken(workspace: Path) -> bool:
    begun = any((workspace / ".codeblue" / "runs").glob("*-envelope-*"))
    return begun and bool(events(workspace, "fault-injected"))


@pytest.mark.slow
def test_a_fault_that_nobody_can_say_is_gone_is_exit_4(
    start_codeblue: StartCodeblue, workspace: Path
) -> None:
    """The fault proxy dies under the fault: what was on it is gone, but nobody confirms that."""
    process = start_codeblue(*SEARCH, "--seconds-per-point", "8", cwd=workspace)
    assert until(lambda: is_broken(workspace) or process.poll() is not None, 300)
    family = psutil.Process(process.pid).children(recursive=True)
    [proxy] = [child for child in family if "codeblue.proxy" in child.cmdline()]
    proxy.kill()
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 4, output + errors
    assert "client-gateway: latency is still in place" in errors
    assert "could not be healed" in (run_of(workspace) / "report.html").read_text()


# How fast charts are says something about the machine; whether questions to the insurer are
# answered says something about the hub, which gives up on it after about a second.
INSURER = """
title = "Questions to the insurer, beside charts"
seconds = 2.5
drain = 3
arrivals = "constant"
lateness_bound = 5
journeys = { eligibility = 4, chart-review = 2 }
[objectives]
eligibility = { availability = 75 }
chart-review = { availability = 50 }
"""


@pytest.mark.slow
def test_the_hub_shields_everybody_from_a_slow_insurer_up_to_its_deadline(
    found_by: CodeblueCommand, tmp_path: Path
) -> None:
    root = tmp_path / "a workspace"
    (root / "scenarios" / "load").mkdir(parents=True)
    (root / "scenarios" / "load" / "insurer.toml").write_text(INSURER)
    for name in ("codeblue.toml", "reference_platform", "synthetic_data"):
        (root / name).symlink_to(ROOT / name)
    words = ("--edge", "hub-insurer", "--fault", "latency", "--profile", "insurer", "--json")
    done = found_by("envelope", *words, "--platform", "production", cwd=root)
    assert done.returncode == 0, done.stdout + done.stderr
    [found] = json.loads(done.stdout)["envelope"]
    assert found["standing"] == "found"
    assert 47 <= found["tolerated"] < found["broke_at"] <= 1_500
    points = events(root, "envelope-point")
    ends = [point["why"] for point in points if point["severity"] == found["broke_at"]]
    assert sum(why.startswith("eligibility: availability") for why in ends) >= 2
    assert not any("chart-review" in why for why in ends)
