"""How fast the faults of the embedded proxy are gone, with 500 connections open.

A quarter of them has a `reset_peer` asleep on it, a quarter hangs, a quarter calls an upstream that
never answers, and a quarter reads nothing from a source that never ends; one more proxy is
disabled. Then everything is healed. It is over when every held byte has arrived, every connection
that lost bytes is closed, the disabled proxy answers, and a new client of each is served.

    python -m benchmarks.proxy_healing

The last line is one JSON object: ``heal_p99_ms``, from the call of ``codeblue.faults.heal_all``
until all that is seen, and ``lease_heal_s``, from the last renewal of a lease of 1.5 s that owns
all faults; the longest of five.
"""

from __future__ import annotations

import argparse
import json
import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.proxy_peers import serving
from codeblue.faults import heal_all

ROOT = Path(__file__).parents[1]
CONNECTIONS = 500
LEASE_MS = 1500
LEASES = 5
LITTLE = 64 * 1024
FAULTS: dict[str, tuple[str, dict[str, int]]] = {
    "resetting": ("reset_peer", {"timeout": 60_000}),
    "hanging": ("timeout", {"timeout": 0}),
    "dead-readers": ("bandwidth", {"rate": 1}),
    "black-hole": ("latency", {"latency": 60_000}),
}
"""Proxy -> the toxic that breaks it."""
ANSWERING = ("resetting", "hanging", "disabled")
"""The proxies with an echo behind them."""

Embedded = tuple[subprocess.Popen[str], str]


@contextmanager
def embedded() -> Iterator[Embedded]:
    """The embedded proxy in a process of its own, and its URL."""
    command = [sys.executable, "-m", "codeblue.proxy", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = json.loads(process.stdout.readline() if process.stdout else "{}")
            yield process, f"http://{line['listening']}"
        finally:
            process.kill()


@contextmanager
def black_hole() -> Iterator[str]:
    """An address where no handshake is ever completed, because the backlog is full."""
    with socket.socket() as deaf, ExitStack() as fillers:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(deaf.getsockname())
        yield f"127.0.0.1:{deaf.getsockname()[1]}"


class Broken:
    """All proxies, their connections, and the faults on them."""

    def __init__(self, url: str, upstreams: dict[str, str]) -> None:
        self.url = url
        self.api = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.ports = {name: self._create(name, upstream) for name, upstream in upstreams.items()}
        self.clients: dict[str, list[socket.socket]] = {name: [] for name in FAULTS}

    def connect(self) -> None:
        """Open what is missing of the 500 connections."""
        self.hang_up("hanging", "black-hole")
        for name, clients in self.clients.items():
            while len(clients) < CONNECTIONS // len(FAULTS):
                clients.append(self._client(name))
        self._fill()

    def hang_up(self, *names: str) -> None:
        """Close all connections of these proxies."""
        for name in names:
            while self.clients[name]:
                self.clients[name].pop().close()

    def inject(self, **lease: str) -> None:
        """Break everything, and let it sleep."""
        for name, (kind, attributes) in FAULTS.items():
            for stream in ("upstream", "downstream"):
                toxic = {"type": kind, "stream": stream, "attributes": attributes | lease}
                self._ask("POST", f"/proxies/{name}/toxics", toxic)
        self._ask("POST", "/proxies/disabled", {"enabled": False, **lease})
        for name in ("resetting", "hanging"):
            for client in self.clients[name]:
                client.sendall(b"?")
        time.sleep(0.2)

    def healed(self) -> None:
        """Return once all faults are gone; raises when one of them is not."""
        for client in self.clients["resetting"]:
            _expect(client.recv(1), b"?")
        for client in self.clients["hanging"]:
            _expect(client.recv(1), b"")
        for name in ANSWERING:
            with self._client(name) as client:
                client.sendall(b"!")
                _expect(client.recv(1), b"!")
        found = self._ask("GET", "/proxies").json().values()
        _expect([proxy["toxics"] for proxy in found], [[]] * len(found))

    def reset(self) -> float:
        """Seconds from the call that heals until all is healed."""
        self.connect()
        self.inject()
        began = time.perf_counter()
        heal_all(self.url)
        self.healed()
        return time.perf_counter() - began

    def fall_silent(self) -> float:
        """Seconds from the last renewal of the lease until all is healed."""
        self.connect()
        lease = {"expires_in": LEASE_MS}
        self._ask("PUT", "/leases/bench", lease)
        self.inject(lease="bench")
        began = time.perf_counter()
        self._ask("PUT", "/leases/bench", lease)
        while self._ask("GET", "/leases").json():
            time.sleep(0.005)
        while not self._ask("GET", "/proxies/disabled").json()["enabled"]:
            time.sleep(0.005)
        self.healed()
        return time.perf_counter() - began

    def _fill(self) -> None:
        """Wait until the buffers on the way to the dead readers are full."""
        before, now = -1, 0
        while before != now:
            time.sleep(0.1)
            counters = self._ask("GET", "/proxies/dead-readers/counters").json()
            before, now = now, counters["received_down"]

    def _create(self, name: str, upstream: str) -> int:
        body = {"name": name, "listen": "127.0.0.1:0", "upstream": upstream}
        return int(self._ask("POST", "/proxies", body).json()["listen"].rpartition(":")[2])

    def _client(self, name: str) -> socket.socket:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LITTLE)
        client.settimeout(30)
        client.connect(("127.0.0.1", self.ports[name]))
        return client

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        reply = self.api.request(method, path, json=body)
        reply.raise_for_status()
        return reply


def _expect(found: Any, wanted: Any) -> None:
    if found != wanted:
        raise SystemExit(f"a fault is not healed: {found!r} instead of {wanted!r}")


def measure(heals: int) -> dict[str, float]:
    """Heal so many times by call, and a few times by silence."""
    with ExitStack() as stack:
        _, url = stack.enter_context(embedded())
        echo, source = (stack.enter_context(serving(kind)) for kind in ("echo", "source"))
        upstreams = dict.fromkeys(ANSWERING, f"127.0.0.1:{echo}")
        upstreams["dead-readers"] = f"127.0.0.1:{source}"
        upstreams["black-hole"] = stack.enter_context(black_hole())
        broken = Broken(url, upstreams)
        times = sorted(broken.reset() for _ in range(heals))
        print(f"healed {heals} times: {times[0] * 1e3:.0f} to {times[-1] * 1e3:.0f} ms")
        silences = [broken.fall_silent() for _ in range(LEASES)]
        broken.hang_up(*FAULTS)
    p99 = times[math.ceil(len(times) * 0.99) - 1]
    return {"heal_p99_ms": round(p99 * 1e3, 1), "lease_heal_s": round(max(silences), 2)}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--heals", type=int, default=100)
    print(json.dumps(measure(parser.parse_args().heals)))


if __name__ == "__main__":
    main()
