"""Whose proxy a session uses: its own, a real Toxiproxy beside it, or one that runs already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from codeblue.errors import TargetError, UsageError
from codeblue.guardian import Guardian
from codeblue.journal import RunDirectory, read_events
from codeblue.session import started
from codeblue.session.fault_proxy import SERVER, URL, VARIABLE, chosen, installed_toxiproxy
from codeblue.target.variables import free_port

pytestmark = pytest.mark.slow

WorkspaceFactory = Callable[..., Path]
GUARD = 10.0
_HOLDER = (
    "import sys, time; from codeblue.guardian import Guardian\n"
    "Guardian().delete(sys.argv[1]); print('ready', flush=True); time.sleep(60)\n"
)


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, URL, SERVER):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def toxiproxy() -> Iterator[httpx.Client]:
    """A server that others run: it speaks Toxiproxy's API, and knows no leases."""
    command = [sys.executable, "-m", "codeblue.proxy", "--port", "0", "--strict"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = f"http://{json.loads(process.stdout.readline())['listening']}"
    with httpx.Client(base_url=url, timeout=GUARD) as client:
        yield client
    process.terminate()
    assert process.wait(GUARD) == 0


def notes(run: RunDirectory) -> str:
    return " ".join(event["text"] for event in read_events(run.path) if event["kind"] == "note")


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_edges_on_a_server_of_others_are_removed_at_the_end_and_it_runs_on(
    make_workspace: WorkspaceFactory, toxiproxy: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"{toxiproxy.base_url}")
    other = {"name": "other", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}
    toxiproxy.post("/proxies", json=other)
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert session.proxy_url == str(toxiproxy.base_url).rstrip("/")
        assert set(toxiproxy.get("/proxies").json()) == {"client-gateway", "other"}
        assert httpx.get(session.proxied_url + "/x").json() == {"path": "/x"}
    assert set(toxiproxy.get("/proxies").json()) == {"other"}
    assert "It knows no leases" in notes(run)


def test_an_edge_that_others_made_stays(
    make_workspace: WorkspaceFactory, toxiproxy: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"{toxiproxy.base_url}")
    web, edge = free_port(), free_port()
    workspace = make_workspace()
    file = workspace / "codeblue.toml"
    text = file.read_text().replace("{port.web}", str(web)).replace("{port.edge}", str(edge))
    file.write_text(text)
    theirs = {"listen": f"127.0.0.1:{edge}", "upstream": f"127.0.0.1:{web}"}
    toxiproxy.post("/proxies", json={"name": "client-gateway", **theirs})
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert httpx.get(session.proxied_url + "/x").json() == {"path": "/x"}
    assert set(toxiproxy.get("/proxies").json()) == {"client-gateway"}


def test_an_edge_left_by_a_run_that_was_killed_is_made_anew(
    make_workspace: WorkspaceFactory, toxiproxy: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"{toxiproxy.base_url}")
    left = {"name": "client-gateway", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}
    toxiproxy.post("/proxies", json=left)
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert httpx.get(session.proxied_url + "/x").json() == {"path": "/x"}
    assert toxiproxy.get("/proxies").json() == {}


def test_kill_9_of_the_holder_removes_the_edges_all_the_same(toxiproxy: httpx.Client) -> None:
    edge = {"name": "e", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"}
    toxiproxy.post("/proxies", json=edge)
    url = f"{str(toxiproxy.base_url).rstrip('/')}/proxies/e"
    command = [sys.executable, "-c", _HOLDER, url]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    holder.stdout.readline()
    assert toxiproxy.get("/proxies/e").status_code == 200
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    eventually(lambda: toxiproxy.get("/proxies/e").status_code == 404)


def test_a_server_that_is_gone_does_not_hold_up_the_end() -> None:
    guardian = Guardian()
    for name in "abc":
        guardian.delete(f"http://127.0.0.1:{free_port()}/proxies/{name}")
    began = time.monotonic()
    guardian.release()
    assert time.monotonic() - began < GUARD


def test_embedded_is_taken_at_its_word(
    make_workspace: WorkspaceFactory, toxiproxy: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, f"{toxiproxy.base_url}")
    monkeypatch.setenv(VARIABLE, "embedded")
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert httpx.get(f"{session.proxy_url}/leases").status_code == 200
        assert toxiproxy.get("/proxies").json() == {}


def test_a_real_server_is_started_and_ended_with_the_run(
    make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if installed_toxiproxy() is None:
        pytest.skip("no toxiproxy-server on the PATH")
    monkeypatch.setenv(VARIABLE, "toxiproxy")
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with started(workspace, run, "pilot", seed=1) as session:
        assert httpx.get(f"{session.proxy_url}/leases").status_code == 404
        assert httpx.get(session.proxied_url + "/x").json() == {"path": "/x"}
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{session.proxy_url}/version")
    assert "Faults go through the Toxiproxy" in notes(run)


@pytest.mark.parametrize(
    ("server", "said"),
    [(None, "toxiproxy-server is not on the PATH"), ("nowhere", "TOXIPROXY_SERVER nowhere is not")],
)
def test_a_real_server_that_is_missing_is_said_and_the_run_refused(
    make_workspace: WorkspaceFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    server: str | None,
    said: str,
) -> None:
    monkeypatch.setenv(VARIABLE, "toxiproxy")
    monkeypatch.setenv("PATH", str(tmp_path))
    if server is not None:
        monkeypatch.setenv(SERVER, server)
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with (
        pytest.raises(UsageError, match=f"{said}.*go install.*embedded proxy needs nothing"),
        started(workspace, run, "pilot", seed=1),
    ):
        pytest.fail("it started")


@pytest.mark.parametrize("answer", [None, "no JSON", '["x"]'])
def test_what_is_no_toxiproxy_is_said(
    make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setenv(URL, f"http://127.0.0.1:{free_port()}")
    if answer is not None:
        reply = httpx.Response(200, text=answer, request=httpx.Request("GET", "http://x/version"))
        monkeypatch.setattr("codeblue.session.fault_proxy.httpx.get", lambda *_, **__: reply)
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with (
        pytest.raises(TargetError, match="no Toxiproxy answers there"),
        started(workspace, run, "pilot", seed=1),
    ):
        pytest.fail("it started")


@pytest.mark.parametrize("url", ["toxi:8474", "https://x:8474", "http://x", "http://x:8474/a"])
def test_an_address_that_is_none_is_a_usage_error(
    make_workspace: WorkspaceFactory, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(URL, url)
    workspace = make_workspace()
    run = RunDirectory.create(workspace, "pilot")
    with (
        pytest.raises(UsageError, match=r"is no address\. Write it as http"),
        started(workspace, run, "pilot", seed=1),
    ):
        pytest.fail("it started")


def test_a_choice_that_is_none_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "toxyproxy")
    with pytest.raises(UsageError, match='Did you mean "toxiproxy"'):
        chosen()
