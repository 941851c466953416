"""Leases, and what happens when their holder is killed."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from codeblue.errors import CodeblueError
from codeblue.faults import Ground, Hang, Lease
from codeblue.faults.lease import leased

from ..proxy.conftest import GUARD
from .conftest import EDGE, Edge

HOLDER = """
import sys, time
from codeblue.faults import Ground, Hang, Lease, Refuse
url, fault = sys.argv[1], {"hang": Hang, "refuse": Refuse}[sys.argv[2]]("dependency")
with Lease(url) as lease:
    ground = Ground(lease.owner, url, leased=True)
    fault.inject(ground, fault.prepare(ground))
    print("injected", flush=True)
    time.sleep(60)
"""


def inject(edge: Edge, lease: Lease) -> None:
    fault, ground = Hang(EDGE), Ground(lease.owner, edge.url, leased=True)
    fault.inject(ground, fault.prepare(ground))


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["hang", "refuse"])
def test_a_killed_holder_leaves_nothing_behind(edge: Edge, fault: str) -> None:
    command = [sys.executable, "-c", HOLDER, edge.url, fault]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "injected\n"
        assert not edge.works()
        os.kill(holder.pid, signal.SIGKILL)
        killed = time.monotonic()
        while not edge.works():
            assert time.monotonic() - killed < GUARD
            time.sleep(0.01)
        assert time.monotonic() - killed < 2.0


def test_the_heartbeat_keeps_the_fault_for_longer_than_the_lease(edge: Edge) -> None:
    with Lease(edge.url, seconds=0.7) as lease:
        inject(edge, lease)
        time.sleep(1.2)
        assert len(edge.toxics()) == 2
    assert edge.toxics() == []
    assert edge.server.client.get("/leases").json() == {}


def test_leases_have_owners_of_their_own(edge: Edge) -> None:
    with Lease(edge.url) as one, Lease(edge.url) as other:
        assert one.owner != other.owner
        inject(edge, one)
        inject(edge, other)
        assert len(edge.toxics()) == 4


def test_blocks_of_one_owner_share_a_lease_to_the_end_of_the_last(edge: Edge) -> None:
    with leased(edge.url, "me") as outer:
        with leased(edge.url, "me") as inner:
            assert inner is outer
        inject(edge, outer)
        time.sleep(0.1)
        assert len(edge.toxics()) == 2
    assert edge.toxics() == []


class WithoutLeases(http.server.BaseHTTPRequestHandler):
    """A server that answers /leases as a real Toxiproxy does."""

    def do_PUT(self) -> None:
        self.send_error(404)

    def log_message(self, *_arguments: object) -> None:
        pass


def test_a_real_toxiproxy_is_told_apart_and_the_consequence_said() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), WithoutLeases) as toxiproxy:
        threading.Thread(target=toxiproxy.serve_forever, daemon=True).start()
        with Lease(f"http://127.0.0.1:{toxiproxy.server_port}") as lease:
            assert not lease.supported
            assert "knows no leases" in lease.explanation
        toxiproxy.shutdown()


def test_no_proxy_is_an_error_that_says_so() -> None:
    with pytest.raises(CodeblueError, match="does not answer"), Lease("http://127.0.0.1:1"):
        pass
