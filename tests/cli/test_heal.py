"""``codeblue heal``: what runs left behind, whoever was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from codeblue.faults import Ground
from codeblue.faults.ground import new_owner
from codeblue.faults.record import Record, StandingFault
from codeblue.session_file import UP, SessionFile

from ..faults.conftest import EDGE, Edge
from ..faults.holders import holder
from ..faults.processes import platform
from ..proxy.conftest import Echo, echo, server, shared_server
from .conftest import CodeblueCommand

__all__ = ["echo", "server", "shared_server"]

pytestmark = pytest.mark.slow


@pytest.fixture
def edge(server: object, echo: Echo) -> Edge:
    return Edge(server, echo.address)  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace, and nothing up in it."""
    (tmp_path / "codeblue.toml").write_text("")
    return tmp_path


def run_of(workspace: Path) -> Path:
    run = workspace / ".codeblue" / "runs" / "20260101-000000-production-0001"
    run.mkdir(parents=True, exist_ok=True)
    return run


def publish(workspace: Path, proxy_url: str, holder_pid: int) -> None:
    stored = SessionFile(str(workspace), str(run_of(workspace)), "p", 1, holder_pid, proxy_url)
    stored.write(workspace / UP)


@contextmanager
def left_behind(workspace: Path) -> Iterator[psutil.Process]:
    """A process that stays stopped, because its harness and their guardian were killed."""
    with platform() as running:
        child = running.child()
        with holder(running.ground, run_of(workspace), ("stop", "worker", {})) as harness:
            harness.guardian.kill()
            harness.send(signal.SIGKILL)
            harness.process.wait(10)
        assert child.status() == psutil.STATUS_STOPPED
        yield child


def test_where_nothing_was_broken_it_says_so(folder: Path, codeblue: CodeblueCommand) -> None:
    done = codeblue("heal", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "Nothing was broken.\n")
    done = codeblue("heal", "--json", cwd=folder)
    assert json.loads(done.stdout) == {"exit": 0, "healed": [], "left": []}


def test_a_run_whose_harness_and_guardian_were_killed_without_any_session(
    folder: Path, codeblue: CodeblueCommand
) -> None:
    with left_behind(folder) as child:
        done = codeblue("heal", cwd=folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("healed       worker  stop (held by codeblue-")
        assert child.status() != psutil.STATUS_STOPPED
    assert codeblue("heal", cwd=folder).stdout == "Nothing was broken.\n"


def test_the_live_session_has_its_proxy_cleared(
    folder: Path, edge: Edge, codeblue: CodeblueCommand
) -> None:
    publish(folder, edge.url, os.getpid())
    edge.server.toxic(EDGE, "timeout", timeout=0)
    edge.server.client.post(f"/proxies/{EDGE}", json={"enabled": False})
    done = codeblue("heal", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    healed = json.loads(done.stdout)["healed"]
    assert sorted(each["type"] for each in healed) == ["disabled", "timeout"]
    assert edge.works()


def test_a_live_session_whose_proxy_does_not_answer_is_exit_4(
    folder: Path, codeblue: CodeblueCommand
) -> None:
    publish(folder, "http://127.0.0.1:1", os.getpid())
    done = codeblue("heal", "--json", cwd=folder)
    assert done.returncode == 4
    (left,) = json.loads(done.stdout)["left"]
    assert left["place"] == "http://127.0.0.1:1"
    done = codeblue("heal", cwd=folder)
    assert done.returncode == 4
    assert done.stderr.startswith("STILL THERE  http://127.0.0.1:1  fault proxy: ")


def test_a_proxy_of_a_session_that_ended_is_left_alone(
    folder: Path, edge: Edge, codeblue: CodeblueCommand
) -> None:
    publish(folder, edge.url, 2**22 + 1)  # above every pid
    edge.server.toxic(EDGE, "timeout", timeout=0)
    assert codeblue("heal", cwd=folder).stdout == "Nothing was broken.\n"
    assert not edge.works()


def test_a_fault_of_a_live_holder_is_healed_and_its_run_is_inconclusive(
    folder: Path, edge: Edge, codeblue: CodeblueCommand
) -> None:
    ground = Ground(new_owner(), edge.url)
    with holder(ground, run_of(folder), ("hang", EDGE, {}), seconds=6) as harness:
        assert codeblue("heal", cwd=folder).stdout.startswith(f"healed       {EDGE}  hang")
        assert edge.works()
        assert "gone before its time" in harness.read()
        assert harness.process.wait(15) == 3


def test_what_cannot_be_healed_is_exit_4(folder: Path, codeblue: CodeblueCommand) -> None:
    ground = {"owner": "o", "folder": str(run_of(folder)), "proxy_url": None}
    record = Record(run_of(folder))
    record.intend(StandingFault("o/e/hang", "hang", "e", {}, ground, {"toxics": ["t"]}))
    done = codeblue("heal", cwd=folder)
    assert done.returncode == 4
    assert done.stderr.startswith("STILL THERE  e  hang (held by o): no fault proxy")


def test_a_proxy_can_be_named_without_any_workspace(
    tmp_path: Path, edge: Edge, codeblue: CodeblueCommand
) -> None:
    edge.server.toxic(EDGE, "timeout", timeout=0)
    done = codeblue("heal", "--proxy-url", edge.url, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert edge.works()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense", "http://127.0.0.1:99999"])
def test_a_proxy_that_is_none_is_a_usage_error(
    tmp_path: Path, codeblue: CodeblueCommand, url: str
) -> None:
    done = codeblue("heal", "--proxy-url", url, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: --proxy-url {url}: ")


def test_without_a_workspace_it_says_what_to_do(tmp_path: Path, codeblue: CodeblueCommand) -> None:
    done = codeblue("heal", cwd=tmp_path)
    assert done.returncode == 2
    assert "no codeblue.toml" in done.stderr


def test_whoever_is_in_a_hurry_waits_for_no_large_library() -> None:
    code = (
        "import sys; import codeblue.cli; codeblue.cli.main.commands['heal']; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "codeblue.cli.heal" in loaded
    assert not {"numpy", "pandas", "httpx", "requests", "pydantic", "chaoslib"} & loaded
