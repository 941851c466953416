"""Whatever ends the harness, every fault is gone 2 s later."""

from __future__ import annotations

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
from codeblue.faults.capabilities import able
from codeblue.faults.ground import new_owner
from codeblue.faults.process.identity import Identity

from ..proxy.conftest import Echo, Server
from ..proxy.servers import STARTS
from .conftest import EDGE, Edge
from .holders import GONE_SECONDS, FaultOrder, Holder, holder, seconds_until
from .processes import platform

pytestmark = pytest.mark.slow

SIGKILL, SIGSTOP, SIGCONT = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT
TOXICS: list[FaultOrder] = [("hang", EDGE, {}), ("refuse", EDGE, {})]


@pytest.fixture(scope="module", params=["embedded", "strict", "real"])
def any_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The embedded proxy; the same without leases, so that the guardian is alone; a real one."""
    server = STARTS[request.param]()
    yield server
    server.kill()


@pytest.fixture
def any_edge(any_server: Server, echo: Echo) -> Iterator[Edge]:
    edge = Edge(any_server, echo.address)
    yield edge
    any_server.client.delete(f"/proxies/{EDGE}")


def stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED


@contextmanager
def namespace(name: str) -> Iterator[str]:
    """A network namespace of its own, whose loopback is up."""
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def reachable(name: str) -> bool:
    """Whether a datagram within the namespace arrives."""
    ping = (
        "import socket\n"
        "end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "end.bind(('127.0.0.1', 0)); end.settimeout(0.2)\n"
        "end.sendto(b'x', end.getsockname()); end.recv(1)\n"
    )
    command = ["ip", "netns", "exec", name, sys.executable, "-I", "-S", "-c", ping]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def ends_with_nothing_left(running: Holder) -> None:
    running.guardian.wait(15)
    assert running.record.standing() == []


@pytest.mark.parametrize("fault", TOXICS, ids=lambda fault: fault[0])
@pytest.mark.parametrize("number", [SIGKILL, SIGSTOP], ids=lambda number: number.name)
def test_toxics_go(
    any_edge: Edge, tmp_path: Path, fault: FaultOrder, number: signal.Signals
) -> None:
    with holder(Ground(new_owner(), any_edge.url), tmp_path, fault) as running:
        assert not any_edge.works()
        running.send(number)
        assert seconds_until(any_edge.works) < GONE_SECONDS
        running.send(SIGKILL)
        ends_with_nothing_left(running)
        assert set(running.healers()) == {"guardian-healed"}


@pytest.mark.parametrize("number", [SIGKILL, SIGSTOP], ids=lambda number: number.name)
def test_a_stopped_process_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    with platform() as running_platform:
        child, ground = running_platform.child(), running_platform.ground
        with holder(ground, tmp_path, ("stop", "worker", {})) as running:
            assert stopped(child)
            running.send(number)
            assert seconds_until(lambda: not stopped(child)) < GONE_SECONDS
            running.send(SIGKILL)
            ends_with_nothing_left(running)


@pytest.mark.parametrize("number", [SIGKILL, SIGSTOP], ids=lambda number: number.name)
def test_hogs_end(tmp_path: Path, number: signal.Signals) -> None:
    faults: list[FaultOrder] = [
        ("cpu", "host", {"cores": 1, "percent": 20, "seconds": 60}),
        ("memory", "host", {"megabytes": 16, "seconds": 60}),
        ("disk", str(tmp_path), {"megabytes": 16, "seconds": 60}),
    ]
    with holder(Ground(new_owner()), tmp_path, *faults) as running:
        hogs = [Identity(*fault.trace["hog"]) for fault in running.record.standing()]
        assert len(hogs) == 3
        assert all(hog.alive for hog in hogs)
        running.send(number)
        assert seconds_until(lambda: not any(hog.alive for hog in hogs)) < GONE_SECONDS
        running.send(SIGKILL)
        ends_with_nothing_left(running)


def test_many_faults_of_different_kinds_go_at_the_same_time(any_edge: Edge, tmp_path: Path) -> None:
    with platform() as running_platform:
        child, there = running_platform.child(), running_platform.ground
        ground = Ground(there.owner, any_edge.url, False, there.platform_pid, there.processes)
        faults = [("stop", "worker", {}), *TOXICS[:1], ("slow-close", EDGE, {"ms": 9000})]
        with holder(ground, tmp_path, *faults) as running:
            running.send(SIGKILL)
            healed = seconds_until(lambda: any_edge.works() and not stopped(child))
            assert healed < GONE_SECONDS
            assert any_edge.toxics() == []
            ends_with_nothing_left(running)


def test_a_harness_that_goes_on_after_a_stop_learns_that_its_fault_was_gone(
    any_edge: Edge, tmp_path: Path
) -> None:
    ground = Ground(new_owner(), any_edge.url)
    with holder(ground, tmp_path, TOXICS[0], seconds=5) as running:
        running.send(SIGSTOP)
        assert seconds_until(any_edge.works) < GONE_SECONDS
        running.send(SIGCONT)
        assert "gone before its time" in running.read()
        assert running.process.wait(15) == 3


def test_ctrl_c_does_not_reach_the_guardian_and_the_harness_heals_by_itself(
    any_edge: Edge, tmp_path: Path
) -> None:
    with holder(Ground(new_owner(), any_edge.url), tmp_path, TOXICS[0]) as running:
        running.send(signal.SIGINT)
        assert seconds_until(any_edge.works) < GONE_SECONDS
        running.process.wait(15)
        ends_with_nothing_left(running)
        assert running.healers() == ["healed"]


def test_a_guardian_cannot_be_asked_to_leave(any_edge: Edge, tmp_path: Path) -> None:
    with holder(Ground(new_owner(), any_edge.url), tmp_path, TOXICS[0]) as running:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            running.guardian.send_signal(number)
        running.send(SIGKILL)
        assert seconds_until(any_edge.works) < GONE_SECONDS


def test_without_its_guardian_the_harness_heals_at_once_and_its_run_is_inconclusive(
    any_edge: Edge, tmp_path: Path
) -> None:
    ground = Ground(new_owner(), any_edge.url)
    with holder(ground, tmp_path, TOXICS[0], seconds=3) as running:
        running.guardian.kill()
        assert seconds_until(any_edge.works) < GONE_SECONDS
        assert "the guardian" in running.read()
        assert running.process.wait(15) == 3
        assert running.record.standing() == []


def test_when_both_are_killed_the_record_says_what_is_left(tmp_path: Path) -> None:
    with platform() as running_platform:
        child, ground = running_platform.child(), running_platform.ground
        with holder(ground, tmp_path, ("stop", "worker", {})) as running:
            running.guardian.kill()
            running.send(SIGKILL)
            running.process.wait(15)
            (left,) = running.record.standing()
            assert (left.type, left.place) == ("stop", "worker")
            assert stopped(child)
            fault, there = left.rebuilt()
            fault.heal(there, left.trace)
            assert not stopped(child)


@pytest.mark.skipif(able("partition") is not None, reason=str(able("partition")))
@pytest.mark.parametrize("number", [SIGKILL, SIGSTOP], ids=lambda number: number.name)
def test_a_partition_ends(tmp_path: Path, number: signal.Signals) -> None:
    partition: FaultOrder = ("partition", f"codeblue-test-{os.getpid()}", {})
    with (
        namespace(partition[1]) as name,
        holder(Ground(new_owner()), tmp_path, partition) as running,
    ):
        assert not reachable(name)
        running.send(number)
        assert seconds_until(lambda: reachable(name)) < GONE_SECONDS
        running.send(SIGKILL)
        ends_with_nothing_left(running)
