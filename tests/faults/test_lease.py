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
from codeblue.faults import Hang, Lease, ProxyApi

from ..proxy.conftest import GUARD
from .conftest import EDGE, Edge

HOLDER = """
import sys, time
from codeblue.faults import Hang, Lease, ProxyApi, Refuse
url, fault = sys.argv[1], {"hang": Hang, "refuse": Refuse}[sys.argv[2]]("dependency")
with Lease(url) as lease:
    fault.inject(ProxyApi(url), lease)
    print("injected", flush=True)
    time.sleep(60)
"""


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
        Hang(EDGE).inject(ProxyApi(edge.url), lease)
        time.sleep(1.2)
        assert len(edge.toxics()) == 2
    assert edge.toxics() == []
    assert edge.server.client.get("/leases").json() == {}


def test_leases_have_owners_of_their_own(edge: Edge) -> None:
    with Lease(edge.url) as one, Lease(edge.url) as other:
        assert one.owner != other.owner
        Hang(EDGE).inject(ProxyApi(edge.url), one)
        Hang(EDGE).inject(ProxyApi(edge.url), other)
        assert len(edge.toxics()) == 4


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
            assert lease.mark == {}
            assert "knows no leases" in lease.explanation
        toxiproxy.shutdown()


def test_no_proxy_is_an_error_that_says_so() -> None:
    with pytest.raises(CodeblueError, match="does not answer"), Lease("http://127.0.0.1:1"):
        pass
