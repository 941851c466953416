"""``codeblue load`` on a small platform of its own, through the command line.

A load is mostly waiting, so several run side by side. What they come to are counts: nothing in here
depends on how fast the machine is.
"""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from codeblue.journal import Event, read_events
from codeblue.target.variables import free_port

from .conftest import ended, family_of, started, until, write_notes

pytestmark = pytest.mark.slow

FAULT = "client-gateway:hang"
_PATIENCE = 300


@dataclass(frozen=True)
class Done:
    """A load that has ended."""

    workspace: Path
    code: int
    out: str
    err: str
    family: list[psutil.Process]
    """The command and all that it had started, while the load was on."""

    @property
    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        assert self.code == found["exit"], self.err
        return found

    @property
    def run(self) -> Path:
        [run] = (self.workspace / ".codeblue" / "runs").glob("*-load-*")
        return run

    @property
    def events(self) -> list[Event]:
        return read_events(self.run)


def alone(*arguments: str) -> Callable[[Path], Done]:
    def scenario(workspace: Path) -> Done:
        process = started("load", *arguments, cwd=workspace)
        out, err = process.communicate(timeout=_PATIENCE)
        return Done(workspace, process.returncode, out, err, [])

    return scenario


def stopped(*signals: int) -> Callable[[Path], Done]:
    def scenario(workspace: Path) -> Done:
        process = started("load", "--profile", "long", "--json", cwd=workspace)
        assert until(lambda: is_loading(workspace, "long"), _PATIENCE)
        family = family_of(process)
        for number in signals:
            process.send_signal(number)
        out, err = process.communicate(timeout=_PATIENCE)
        return Done(workspace, process.returncode, out, err, family)

    return scenario


def is_loading(workspace: Path, load: str) -> bool:
    """Whether requests of the load are on disk."""
    found = (workspace / ".codeblue" / "runs").glob(f"*/requests/{load}-0.bin")
    return any(path.stat().st_size for path in found)


def while_it_is_up(workspace: Path) -> Done:
    up = started("up", "--profile", "freezing", cwd=workspace)
    try:
        stored = workspace / ".codeblue" / "up.json"
        assert until(stored.exists, _PATIENCE)
        refused = alone("--profile", "calm", "--platform", "production")(workspace)
        assert refused.code == 2
        assert 'a platform is up here with the profile "freezing"' in refused.err
        done = alone("--profile", "calm", "--json")(workspace)
        assert up.poll() is None
        assert stored.exists()
    finally:
        up.send_signal(signal.SIGINT)
        up.communicate(timeout=_PATIENCE)
    return done


def by_a_master_and_two_workers(workspace: Path) -> Done:
    at = f"127.0.0.1:{free_port()}"
    asked = ("--profile", "calm", "--json", "--master", "--bind", at, "--workers", "2")
    master = started("load", *asked, cwd=workspace)
    assert until((workspace / ".codeblue" / "load.json").exists, _PATIENCE)
    join = ("load", "--worker", "--master-host", at)
    workers = [started(*join, cwd=workspace) for _ in range(2)]
    out, err = master.communicate(timeout=_PATIENCE)
    for worker in workers:
        assert worker.communicate(timeout=_PATIENCE) == ("", "")
        assert worker.returncode == 0
    return Done(workspace, master.returncode, out, err, [])


SCENARIOS: dict[str, Callable[[Path], Done]] = {
    "master": by_a_master_and_two_workers,
    "search": alone("--profile", "limits", "--platform", "limited", "--fault", FAULT, "--json"),
    "up": while_it_is_up,
    "spike": alone("--profile", "spike", "--json"),
    "served": alone("--profile", "calm", "--workers", "2", "--json"),
    "forgetful": alone("--profile", "calm", "--platform", "forgetful"),
    "failing": alone("--profile", "calm", "--platform", "failing", "--json"),
    "fault": alone("--profile", "calm", "--fault", FAULT, "--json"),
    "no such platform": alone("--profile", "calm", "--platform", "prodction", "--json"),
    "stopped": stopped(signal.SIGTERM),
    "stopped twice": stopped(signal.SIGINT, signal.SIGINT),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Done]]:
    """What came of each scenario, by its name."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        ends = {
            name: pool.submit(
                scenario, write_notes(tmp_path_factory.mktemp("load") / "a workspace")
            )
            for name, scenario in SCENARIOS.items()
        }
        yield lambda name: ends[name].result()
        pool.shutdown(cancel_futures=True)


def test_a_load_that_is_served_holds(done: Callable[[str], Done]) -> None:
    served = done("served")
    answer = served.answer
    assert (answer["verdict"], answer["exit"]) == ("held", 0), answer
    load = answer["load"]
    assert load["issued"] == load["ok"] > 10
    assert load["workers"] == 2
    assert {promise["objective"] for promise in load["objectives"]} == {"availability", "p99"}
    assert load["ledger"]["calm"]["kept"] == load["ok"]
    [check] = answer["checks"]
    assert (check["id"], check["risk"], check["verdict"]) == ("load-calm", "load", "pass")
    assert "load-calm" in (served.run / "report.html").read_text()
    assert (served.run / "requests.parquet").stat().st_size
    kinds = [event["kind"] for event in served.events]
    assert kinds.index("check-planned") < kinds.index("check-started") < kinds.index("load-started")
    assert kinds[-1] == "run-finished"


def test_a_platform_that_forgets_what_it_acknowledged_broke(done: Callable[[str], Done]) -> None:
    forgetful = done("forgetful")
    assert forgetful.code == 1, forgetful.out + forgetful.err
    [ledger] = [event for event in forgetful.events if event["kind"] == "ledger"]
    assert ledger["lost"] > 0
    assert ledger["lost"] + ledger["kept"] == ledger["acknowledged"]
    assert "all 2 objectives met" in forgetful.out.partition("BROKE")[2]


def test_without_a_terminal_progress_is_lines(done: Callable[[str], Done]) -> None:
    out = done("forgetful").out
    before = out.partition("BROKE")[0].splitlines()
    assert any(" due, " in line for line in before)
    assert [line[7:] for line in before if " due, " not in line] == [
        "starting forgetful",
        "control: every journey without load",
        "load calm",
        "reading back what was acknowledged",
        "writing the report",
        "",
    ]
    assert "\x1b" not in out


def test_a_journey_that_fails_without_load_says_nothing_about_load(
    done: Callable[[str], Done],
) -> None:
    answer = done("failing").answer
    assert (answer["verdict"], answer["exit"]) == ("inconclusive", 3)
    assert answer["load"] is None
    assert "note fails even without load" in answer["checks"][0]["measured"]


def test_a_platform_that_has_no_such_profile_is_a_usage_error(done: Callable[[str], Done]) -> None:
    failed = done("no such platform")
    assert (failed.code, failed.out) == (2, "")
    [error] = [line for line in failed.err.splitlines() if line.startswith("error: ")]
    assert 'profile "prodction": no such profile' in error
    assert failed.events[-1]["exit"] == 2


def test_a_platform_that_is_up_stays_up_and_breaks_when_it_freezes_to_the_end(
    done: Callable[[str], Done],
) -> None:
    answer = done("up").answer
    assert (answer["profile"], answer["verdict"]) == ("freezing", "broke")
    load = answer["load"]
    assert load["in_flight"] > 0
    assert load["issued"] == load["ok"] + load["failed"] + load["dropped"] + load["in_flight"]
    assert [p["met"] for p in load["objectives"] if p["objective"] == "availability"] == [False]


def test_a_fault_stays_for_the_load_and_is_healed(done: Callable[[str], Done]) -> None:
    fault = done("fault")
    assert (fault.answer["verdict"], fault.answer["load"]["ok"]) == ("broke", 0)
    assert fault.answer["load"]["ledger"]["calm"]["unknown"] == 0
    [began, *_] = [event for event in fault.events if event["kind"] == "run-started"]
    assert began["command"].endswith(f"--fault {FAULT}")
    order = [event["kind"] for event in fault.events if event.get("load") != "calm-control"]
    of_interest = ("fault-injected", "load-started", "load-finished", "fault-healed", "ledger")
    assert [kind for kind in order if kind in of_interest] == list(of_interest)


def test_a_spike_is_judged_by_what_is_left_of_it(done: Callable[[str], Done]) -> None:
    answer = done("spike").answer
    assert (answer["verdict"], answer["exit"]) == ("held", 0), answer
    assert answer["load"]["recovery"]["seconds"] is not None
    assert "back to its baseline" in answer["checks"][0]["measured"]
    assert "within 4 s" in answer["checks"][0]["threshold"]


def test_a_search_finds_what_the_platform_takes(done: Callable[[str], Done]) -> None:
    found = done("search")
    free, broken = found.answer["load"]["search"].values()
    assert list(found.answer["load"]["search"]) == [
        "without a fault",
        "under hang on client-gateway",
    ]
    # It takes 50 notes a second and refuses the others.
    assert 20 <= free["held"] < free["broke"] <= 160
    assert free["held"] <= 60
    assert (broken["held"], broken["broke"], found.code) == (None, 20, 1)
    searches = [event for event in found.events if event["kind"] == "search"]
    assert [search["held"] for search in searches] == [free["held"], None]


def test_ended_by_hand_it_reports_what_it_measured(done: Callable[[str], Done]) -> None:
    stopped = done("stopped")
    assert stopped.answer["exit"] == 3, stopped.out + stopped.err
    assert "error: interrupted" in stopped.err
    load = stopped.answer["load"]
    assert load["interrupted"]
    assert 0 < load["seconds"] < 60
    assert load["ledger"]["long"]["kept"] == load["ok"]
    assert "interrupted after" in (stopped.run / "report.html").read_text()
    assert until(lambda: ended(stopped.family), 5)


def test_ended_by_hand_twice_it_ends_at_once(done: Callable[[str], Done]) -> None:
    stopped = done("stopped twice")
    assert stopped.answer["verdict"] == "inconclusive"
    assert (stopped.run / "report.html").is_file()
    assert until(lambda: ended(stopped.family), 5)


def test_a_master_shares_a_load_with_its_workers(done: Callable[[str], Done]) -> None:
    master = done("master")
    assert (master.code, master.answer["verdict"]) == (0, "held"), master.out + master.err
    load = master.answer["load"]
    assert load["issued"] == load["ok"] > 10
    assert load["ledger"]["calm"]["kept"] == load["ok"]
    assert not (master.workspace / ".codeblue" / "load.json").exists()
