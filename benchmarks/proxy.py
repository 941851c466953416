"""What a proxy costs, ours and the real Toxiproxy's, and how fast its faults are gone.

The same clients speak to the same servers directly, through the embedded proxy and, when there is a
``toxiproxy-server`` on the PATH, through that: in turn, ``--rounds`` times, in one run. The rounds
are many and short, so that what else the machine does meets all of them alike; each number is the
median of the ratios in the rounds. CPU is that of the proxy's process for each request of 128 bytes
and its answer, over all rounds.

    python -m benchmarks.proxy

The last line is one JSON object; what needs the real server is null without it:

``added_rtt_vs_real``  what the embedded proxy adds to a round trip, over what the real one adds
``cpu_vs_real``        CPU time per request, with 64 connections at work
``mbps_vs_real``       bytes per second of one stream
``http_vs_direct``     requests per second of an HTTP application behind it, over those without it;
                       the application has the same CPU to itself in both
``heal_p99_ms``, ``lease_heal_s``  see ``benchmarks.proxy_healing``
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import selectors
import shutil
import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import psutil

from benchmarks import proxy_healing
from benchmarks.proxy_peers import serving
from codeblue.proxy.addresses import Address, listen

REAL = "toxiproxy-server"
KINDS = ("echo", "source", "application")
MESSAGE = b"q" * 128
REQUEST = b"GET /v1/orders HTTP/1.1\r\nHost: bench\r\n\r\n"
TRIPS, CONNECTIONS = 300, 64
SECONDS = 0.2
VS_REAL = ("added_rtt_vs_real", "cpu_vs_real", "mbps_vs_real")


@dataclass
class Way:
    """How clients reach the servers: a port for each, and the process in between, if any."""

    ports: dict[str, int]
    process: psutil.Process | None = None

    def cpu(self) -> float:
        """CPU seconds of the proxy so far."""
        if self.process is None:
            return 0.0
        times = self.process.cpu_times()
        return times.user + times.system


@dataclass
class Round:
    """What one way did in one round."""

    trip: float
    """Seconds, the median."""
    cpu: float
    """Seconds of the proxy's CPU for ``asked`` requests."""
    asked: int
    bytes_per_second: float
    http_per_second: float


@contextmanager
def embedded(upstreams: dict[str, int]) -> Iterator[Way]:
    """Our proxy, in front of all servers."""
    with proxy_healing.embedded() as (process, url):
        yield _through(url, process.pid, upstreams)


@contextmanager
def real(upstreams: dict[str, int]) -> Iterator[Way]:
    """Toxiproxy, in front of all servers."""
    with listen(Address("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [shutil.which(REAL) or REAL, "-port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _await_version(url)
            yield _through(url, process.pid, upstreams)
        finally:
            process.kill()


def _through(url: str, pid: int, upstreams: dict[str, int]) -> Way:
    ports = {}
    for kind, port in upstreams.items():
        body = {"name": kind, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{port}"}
        reply = httpx.post(f"{url}/proxies", json=body, trust_env=False)
        ports[kind] = int(reply.json()["listen"].rpartition(":")[2])
    return Way(ports, psutil.Process(pid))


def _await_version(url: str) -> None:
    for _ in range(200):
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/version", trust_env=False)
            return
        time.sleep(0.05)
    raise SystemExit(f"{url}: {REAL} does not answer within 10 s. Start it by hand to see why.")


def connect(port: int) -> socket.socket:
    """A client."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=30)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def round_trip(port: int) -> float:
    """Seconds for one message and its echo: the median of many, one after the other."""
    with connect(port) as sock:
        times = []
        for _ in range(TRIPS):
            began = time.perf_counter()
            sock.sendall(MESSAGE)
            sock.recv(len(MESSAGE), socket.MSG_WAITALL)
            times.append(time.perf_counter() - began)
        return statistics.median(times)


@contextmanager
def clients(port: int, request: bytes, answer: int) -> Iterator[list[socket.socket]]:
    """Connections that are open on their whole way: each one has been answered once."""
    with ExitStack() as stack:
        socks = [stack.enter_context(connect(port)) for _ in range(CONNECTIONS)]
        for sock in socks:
            sock.sendall(request)
        for sock in socks:
            sock.recv(answer, socket.MSG_WAITALL)
        yield socks


def ask(socks: list[socket.socket], request: bytes, answer: int) -> tuple[int, float]:
    """How many answers of so many bytes come, and in how many seconds.

    Each connection asks again as soon as it is answered; nothing is under way any more afterwards.
    """
    done, began = 0, time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for sock in socks:
            selector.register(sock, selectors.EVENT_READ, sock)
            sock.sendall(request)
        while (took := time.perf_counter() - began) < SECONDS:
            for key, _ in selector.select(1):
                key.data.recv(answer, socket.MSG_WAITALL)
                key.data.sendall(request)
                done += 1
    for sock in socks:
        sock.recv(answer, socket.MSG_WAITALL)
    return done, took


@contextmanager
def apart(way: Way) -> Iterator[None]:
    """Keep clients and proxy away from the CPU of the application, where there is another one.

    Else the scheduler puts now this one, now that one beside it, and the ways differ by that.
    """
    cpus = os.sched_getaffinity(0)
    threads = [0, *(thread.id for thread in way.process.threads())] if way.process else [0]
    try:
        _confine(threads, cpus - {max(cpus)} or cpus)
        yield
    finally:
        _confine(threads, cpus)


def _confine(threads: list[int], cpus: set[int]) -> None:
    for thread in threads:
        os.sched_setaffinity(thread, cpus)


def stream(port: int) -> float:
    """Bytes per second from the source."""
    into, count = bytearray(1 << 20), 0
    with connect(port) as sock:
        sock.recv_into(into)
        began = time.perf_counter()
        while (took := time.perf_counter() - began) < SECONDS:
            count += sock.recv_into(into)
    return count / took


def answer_size(port: int) -> int:
    """Bytes of one HTTP answer."""
    with connect(port) as sock:
        sock.sendall(REQUEST)
        time.sleep(0.5)
        return len(sock.recv(1 << 16))


def measure(way: Way, size: int) -> Round:
    """One round of one way."""
    trip = round_trip(way.ports["echo"])
    with clients(way.ports["echo"], MESSAGE, len(MESSAGE)) as socks:
        before = way.cpu()
        asked, _ = ask(socks, MESSAGE, len(MESSAGE))
        cpu = way.cpu() - before
    with apart(way), clients(way.ports["application"], REQUEST, size) as socks:
        answered, seconds = ask(socks, REQUEST, size)
    return Round(trip, cpu, asked, stream(way.ports["source"]), answered / seconds)


def compare(rounds: int) -> dict[str, float | None]:
    """All ways in turn."""
    with ExitStack() as stack:
        servers = {kind: stack.enter_context(serving(kind)) for kind in KINDS}
        ways = {"direct": Way(servers), "ours": stack.enter_context(embedded(servers))}
        if shutil.which(REAL):
            ways["real"] = stack.enter_context(real(servers))
        size = answer_size(servers["application"])
        found: dict[str, list[Round]] = {name: [] for name in ways}
        for number in range(rounds):
            for name in random.sample(list(ways), len(ways)):
                found[name].append(measure(ways[name], size))
            print(f"round {number + 1} of {rounds}", end="\r", flush=True)
    for name, measured in found.items():
        print(summary(name, measured))
    return ratios(found)


def ratios(found: dict[str, list[Round]]) -> dict[str, float | None]:
    """What the last line says, but for the healing."""
    direct, ours = found["direct"], found["ours"]
    compared: dict[str, float | None] = dict.fromkeys(VS_REAL)
    if real := found.get("real"):
        turns = list(zip(direct, ours, real, strict=True))
        added = [(o.trip - d.trip) / (r.trip - d.trip) for d, o, r in turns]
        streams = [o.bytes_per_second / r.bytes_per_second for _, o, r in turns]
        values = (statistics.median(added), _cpu(ours) / _cpu(real), statistics.median(streams))
        compared = dict(zip(VS_REAL, (round(value, 3) for value in values), strict=True))
    http = [o.http_per_second / d.http_per_second for d, o in zip(direct, ours, strict=True)]
    return {**compared, "http_vs_direct": round(statistics.median(http), 3)}


def _cpu(rounds: list[Round]) -> float:
    """Seconds per request; the clock of a process ticks too slowly for one round."""
    return sum(one.cpu for one in rounds) / sum(one.asked for one in rounds)


def summary(name: str, rounds: list[Round]) -> str:
    """The medians of one way, in words."""
    trip, speed, http = (
        statistics.median(values)
        for values in zip(
            *((one.trip, one.bytes_per_second, one.http_per_second) for one in rounds), strict=True
        )
    )
    return (
        f"{name:6} {trip * 1e6:6.0f} us, {_cpu(rounds) * 1e6:5.1f} us CPU, "
        f"{speed / 1e6:6.0f} MB/s, {http:6.0f} HTTP/s"
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--heals", type=int, default=30, help="how often everything is healed")
    options = parser.parse_args()
    print(json.dumps({**compare(options.rounds), **proxy_healing.measure(options.heals)}))


if __name__ == "__main__":
    main()
