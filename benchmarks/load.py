"""What it costs to tell the truth about a load, and how true it is.

A server that answers at once is loaded by codeblue and, in turn, by Locust as it comes. Costs are
CPU time of the generator per request, of users whose arrivals are a Poisson process in both cases.
In the freeze test the server is stopped for two seconds in the middle: who arrives then waits 0 to
2 s, so the 99th percentile is known beforehand.

    python -m benchmarks.load

The last line is one JSON object:

``freeze_p99_error``        share by which the p99 is off in the freeze test; the worst of all pools
``locust_freeze_p99_error`` the same for Locust's ``constant_throughput``
``cpu_vs_fasthttpuser``     our CPU per request, with journal and ledger, over FastHttpUser's own
``journal_us_per_request``  CPU for one record of the request journal
``issued_vs_planned``       arrivals issued over arrivals planned, at 1,000/s
``lateness_p99_ms``         of the dispatch, at 1,000/s
``frames_10m_seconds``, ``frames_10m_rss_mb``  see ``benchmarks.frames``
``ledger_1m_seconds``       see ``benchmarks.ledger``
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import frames, ledger
from codeblue.journal import Journal, RequestWriter, RunDirectory
from codeblue.load import LoadPlan, run_load, start_load
from codeblue.session import Session, attach
from codeblue.session_file import SESSION_VARIABLE, SessionFile

HERE = Path(__file__).parent
USERS = 50
RATE, SECONDS = 150.0, 8.0  # arrivals per second, of two requests each
FROZEN_RATE, FROZEN_SECONDS, FREEZE = 200, 20, 2.0

OURS = """
from locust import task
from codeblue.load.journey import Journey

class Visit(Journey):
    @task
    def visit(self):
        self.create("/v1/orders", {"patient": "p1", "code": "CBC", "quantity": 2}, kind="order",
                    patient="p1", where="/v1/orders/{id}", must=["patient", "code", "quantity"])
        self.client.get("/v1/orders")
"""
ALONE = """
from locust import FastHttpUser, task

class Ping(FastHttpUser):
    @task
    def ping(self):
        self.client.get("/ping")
"""

Server = subprocess.Popen[str]


@contextmanager
def platform() -> Iterator[tuple[Server, Session]]:
    """The server, and a session of it in a workspace of its own."""
    script = [sys.executable, str(HERE / "answering.py")]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(script, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            port = int(server.stdout.readline() if server.stdout else 0)
            yield server, _session(Path(folder), port)
        finally:
            server.kill()


def _session(workspace: Path, port: int) -> Session:
    (workspace / "codeblue.toml").write_text(
        f'[target]\nname = "Bench"\nbase_url = "http://127.0.0.1:{port}"\n'
        '[tenants.riverside.roles]\nclinician = "env:BENCH_TOKEN"\n'
    )
    journeys = workspace / "scenarios" / "journeys"
    journeys.mkdir(parents=True)
    (journeys / "visit.py").write_text(OURS)
    (journeys / "ping.py").write_text(ALONE)
    run = RunDirectory.create(workspace, "bench")
    Journal(run).event("seeded", tenant="riverside", patients=["p1"])
    stored = run.path / "session.json"
    SessionFile(str(workspace), str(run.path), "bench", 1, os.getpid(), "").write(stored)
    os.environ |= {SESSION_VARIABLE: str(stored), "BENCH_TOKEN": "secret"}
    return attach()


def plan(label: str, journey: str, rate: float, seconds: float, **fields: Any) -> LoadPlan:
    """A load of one journey."""
    known = {"label": label, "journeys": {journey: rate}, "seconds": seconds, **fields}
    return LoadPlan.model_validate(known)


def plain(session: Session, kind: str, rate: float, seconds: float, users: int) -> dict[str, float]:
    """Locust as it comes: what ``plain_locust.py`` says at its end."""
    settings = {"KIND": kind, "RATE": str(rate), "SECONDS": str(seconds), "USERS": str(users)}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "locust", "-f", str(HERE / "plain_locust.py"), "--headless"),
            *("--only-summary", "--users", str(users), "--spawn-rate", str(users)),
            *("--host", session.base_url),
        ],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
    return dict(json.loads(line))


def cpu(session: Session, rounds: int) -> float:
    """Our CPU per request over that of a plain FastHttpUser: the median of paired rounds."""
    ratios = []
    for number in range(rounds):
        theirs = plain(session, "poisson", RATE, SECONDS, USERS)["cpu_us"]
        result = run_load(session, plan(f"cpu-{number}", "visit", RATE, SECONDS, users=USERS))
        if result.reason:
            print(f"warning: {result.reason}")
        ours = result.cpu_us_per_request
        ratios.append(ours / theirs)
        print(f"CPU per request: ours {ours:.0f} us, FastHttpUser {theirs:.0f} us")
    return statistics.median(ratios)


def journal_cost(records: int = 500_000) -> float:
    """CPU microseconds for one request record, flushed as in a load."""
    with tempfile.TemporaryDirectory() as folder:
        writer = RequestWriter(Path(folder), "bench", "0", 0.0)
        busy = time.process_time()
        for number in range(records):
            writer.add(number / 1000, 0.012, 0.011, writer.name("visit", "GET /ping"), 200)
        writer.close()
        return (time.process_time() - busy) * 1e6 / records


def punctuality(session: Session) -> dict[str, float]:
    """How many of 1,000 arrivals per second are issued (all rounds), and how late (the median)."""
    loads = [plan(f"on-time-{number}", "ping", 1000, 10, users=100) for number in range(3)]
    results = [run_load(session, load) for load in loads]
    planned = sum(len(load.schedule()) for load in loads)
    return {
        "issued_vs_planned": sum(result.issued for result in results) / planned,
        "lateness_p99_ms": statistics.median(result.lateness_p99_ms for result in results),
    }


@contextmanager
def frozen(server: Server, after: float) -> Iterator[None]:
    """Stop the server for ``FREEZE`` seconds, ``after`` seconds from now."""
    stopper = [
        *(sys.executable, "-c", "import os,signal,sys,time\n"),
        *(str(server.pid), str(after), str(FREEZE)),
    ]
    stopper[2] += (
        "pid, after, freeze = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])\n"
        "time.sleep(after)\nos.kill(pid, signal.SIGSTOP)\n"
        "time.sleep(freeze)\nos.kill(pid, signal.SIGCONT)\n"
    )
    with subprocess.Popen(stopper):
        try:
            yield
        finally:
            server.send_signal(signal.SIGCONT)


def expected_p99() -> float:
    """Milliseconds: the longest 1 % of all arrivals are the first that came into the freeze."""
    return (FREEZE - FROZEN_SECONDS * FROZEN_RATE / 100 / FROZEN_RATE) * 1000


def freeze(session: Session, server: Server) -> float:
    """The worst error of our p99 over pools and workers."""
    errors = []
    for users, workers in ((20, 1), (100, 1), (20, 4), (100, 4)):
        label = f"freeze-{users}-{workers}"
        fields = {"users": users, "workers": workers, "arrivals": "constant"}
        load = plan(label, "ping", FROZEN_RATE, FROZEN_SECONDS, **fields)
        with start_load(session, load) as running, frozen(server, FROZEN_SECONDS / 2):
            p99 = running.wait().journeys["ping"].p99 or 0.0
        errors.append(abs(p99 / expected_p99() - 1))
        print(f"freeze: {users} users, {workers} workers: p99 {p99:.0f} ms")
    return max(errors)


def freeze_locust(session: Session, server: Server) -> float:
    """The error of Locust's own p99, with ``constant_throughput`` and 20 users."""
    with frozen(server, FROZEN_SECONDS / 2 + 2):
        found = plain(session, "throughput", FROZEN_RATE, FROZEN_SECONDS, 20)
    print(f"freeze: Locust's constant_throughput, 20 users: p99 {found['p99_ms']:.0f} ms")
    return abs(found["p99_ms"] / expected_p99() - 1)


def main() -> None:
    """Measure all, one after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="paired rounds of CPU time")
    rounds = parser.parse_args().rounds
    with platform() as (server, session):
        ratio = cpu(session, rounds)
        punctual = punctuality(session)
        ours, theirs = freeze(session, server), freeze_locust(session, server)
    found = {
        "freeze_p99_error": round(ours, 4),
        "locust_freeze_p99_error": round(theirs, 4),
        "cpu_vs_fasthttpuser": round(ratio, 3),
        "journal_us_per_request": round(journal_cost(), 2),
        **punctual,
        **frames.measure(),
        "ledger_1m_seconds": ledger.measure()["ledger_1m_seconds"],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
