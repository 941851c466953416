"""``chaos run`` as it is: what Chaos Toolkit alone leaves behind, and what our actions do not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from codeblue.journal import read_events

if TYPE_CHECKING:
    from codeblue.session import Session

EDGE = "platform-store"

# Longer than any lease, and a generous guard where something has to happen.
EXPIRED = 4.0
SETTLED = 1.0
GUARD = 30.0


def toxics(session: Session) -> int:
    return len(httpx.get(f"{session.proxy_url}/proxies/{EDGE}").json()["toxics"])


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + GUARD
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def plain(session: Session) -> dict[str, Any]:
    """The hang as Chaos Toolkit alone injects it: a call to the proxy, and one that undoes it."""
    url = f"{session.proxy_url}/proxies/{EDGE}/toxics"
    toxic = {"name": "hang", "type": "timeout", "attributes": {"timeout": 0}}
    add = {"type": "http", "url": url, "method": "POST", "arguments": toxic}
    add["headers"] = {"Content-Type": "application/json"}
    remove = {"type": "http", "url": f"{url}/hang", "method": "DELETE"}
    return {
        "method": [{"type": "action", "name": "hang", "provider": add, "pauses": {"after": 60}}],
        "rollbacks": [{"type": "action", "name": "heal", "provider": remove}],
    }


def ours(_session: Session) -> dict[str, Any]:
    provider = {"type": "python", "module": "codeblue.chaos.actions"}
    arguments = {"edge": EDGE, "fault": "hang"}
    add = {**provider, "func": "inject", "arguments": arguments}
    control = {"type": "python", "module": "codeblue.chaos.control"}
    return {
        "controls": [{"name": "codeblue", "provider": control}],
        "method": [{"type": "action", "name": "hang", "provider": add, "pauses": {"after": 60}}],
        "rollbacks": [],
    }


def start(session: Session, fields: dict[str, Any]) -> subprocess.Popen[bytes]:
    path = Path(session.workspace) / "experiment.yaml"
    path.write_text(yaml.safe_dump({"title": "Hang", "description": "A hang", **fields}))
    process = subprocess.Popen(
        [sys.executable, "-m", "chaostoolkit", "--no-version-check", "run", str(path)],
        cwd=session.workspace,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: toxics(session) > 0, "the fault was never injected")
    # Let it reach its pause: an interrupt that lands in the clean-up of an HTTP client's pool is
    # swallowed by Python itself (weakref callbacks), and tells nothing about either of us.
    time.sleep(SETTLED)
    return process


@pytest.mark.slow
def test_killed_chaos_toolkit_alone_leaves_its_fault_and_no_journal(proxied: Session) -> None:
    process = start(proxied, plain(proxied))
    process.kill()
    process.wait(GUARD)
    time.sleep(EXPIRED)
    assert toxics(proxied) == 1
    assert not (proxied.workspace / "journal.json").exists()


@pytest.mark.slow
def test_a_killed_run_of_ours_heals_and_leaves_its_journal(proxied: Session) -> None:
    process = start(proxied, ours(proxied))
    time.sleep(EXPIRED)
    assert toxics(proxied) > 0, "a living run keeps its fault"
    process.kill()
    process.wait(GUARD)
    until(lambda: toxics(proxied) == 0, "the fault outlived its owner")
    kinds = [event["kind"] for event in read_events(proxied.run.path)]
    assert "fault-injected" in kinds


@pytest.mark.slow
def test_interrupted_chaos_toolkit_alone_leaves_its_fault(proxied: Session) -> None:
    process = start(proxied, plain(proxied))
    process.send_signal(signal.SIGINT)
    process.wait(GUARD)
    time.sleep(EXPIRED)
    assert toxics(proxied) == 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_of_ours_heals_before_it_ends(
    proxied: Session, number: signal.Signals
) -> None:
    process = start(proxied, ours(proxied))
    process.send_signal(number)
    process.wait(GUARD)
    assert toxics(proxied) == 0
    healed = [e for e in read_events(proxied.run.path) if e["kind"] == "fault-healed"]
    assert [event["verified"] for event in healed] == [True]
