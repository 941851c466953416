"""What the reference platform costs and serves: time to ready, CPU, memory, reads and writes.

Starts a profile as a user would, then drives its gateway from a process of its own, in a closed
loop of as many callers as ``--callers`` says. Chart reads go over ``--patients`` patients, so most
of them come from the cache; uncached reads ask for a search. Memory is the proportional set size of
all processes together, the embedded servers included.

    python benchmarks/capacity.py --profile production --seconds 8

The last line is one JSON object: ``ready_seconds``, ``ready_cpu_seconds``, ``pss_mib``,
``pss_mib_loaded``, ``chart_reads_per_second``, ``searches_per_second``, ``writes_per_second``,
``failed`` (answers that were not 2xx) and ``processes``.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOT = Path(__file__).parents[1]
TOKEN = "benchmark"  # noqa: S105 - of a platform that lives for seconds, on the loopback
MEBI = 1024 * 1024
Ask = Callable[[aiohttp.ClientSession, int], Awaitable[int]]


@contextmanager
def platform(profile: str) -> Iterator[tuple[str, psutil.Process, float]]:
    """Base URL, supervisor and seconds until ready of a platform of its own."""
    with tempfile.TemporaryDirectory() as data:
        began = time.monotonic()
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "reference_platform", "--profile", profile, "--data", data],
            cwd=ROOT,
            env={"PLATFORM_TOKEN_RIVERSIDE_CLINICIAN": TOKEN, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert supervisor.stdout is not None  # noqa: S101 - it is piped
            ready = json.loads(supervisor.stdout.readline())
            took = time.monotonic() - began
            yield ready["base_url"], psutil.Process(supervisor.pid), took
        finally:
            supervisor.terminate()
            supervisor.wait(20)


def family(supervisor: psutil.Process) -> list[psutil.Process]:
    """The supervisor and everything below it."""
    return [supervisor, *supervisor.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """CPU time of all processes and of their children that have ended."""
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def pss_mib(processes: list[psutil.Process]) -> float:
    """Proportional set size of all processes, in MiB: shared pages are counted once."""
    return float(sum(process.memory_full_info().pss for process in processes)) / MEBI


async def patients(session: aiohttp.ClientSession, count: int) -> list[str]:
    """Ids of new patients, each with ten observations."""
    known = []
    for number in range(count):
        body = {
            "resourceType": "Patient",
            "name": [{"family": f"Proband{number}"}],
            "birthDate": "1980-05-17",
        }
        async with session.post("/v1/fhir/Patient", json=body) as answer:
            known.append((await answer.json())["id"])
        for value in range(10):
            async with session.post("/v1/fhir/Observation", json=pulse(known[-1], value)) as answer:
                answer.raise_for_status()
    return known


def pulse(patient: str, number: int) -> dict[str, Any]:
    """A heart rate."""
    quantity = {
        "value": 60 + number % 40,
        "unit": "/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    }
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-03-01T08:00:00Z",
        "valueQuantity": quantity,
    }


async def drive(base_url: str, seconds: float, callers: int, count: int) -> dict[str, float]:
    """Requests per second by kind, and answers that were no success."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    timeout = aiohttp.ClientTimeout(total=20)
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(
        base_url, headers=headers, timeout=timeout, connector=connector
    ) as session:
        known = await patients(session, count)

        async def chart(session: aiohttp.ClientSession, number: int) -> int:
            async with session.get(f"/v1/patients/{known[number % count]}/chart") as answer:
                await answer.read()
            return answer.status

        async def search(session: aiohttp.ClientSession, number: int) -> int:
            where = {"patient": known[number % count], "_count": "10"}
            async with session.get("/v1/fhir/Observation", params=where) as answer:
                await answer.read()
            return answer.status

        async def write(session: aiohttp.ClientSession, number: int) -> int:
            body = pulse(known[number % count], number)
            async with session.post("/v1/fhir/Observation", json=body) as answer:
                await answer.read()
            return answer.status

        rates: dict[str, float] = {"failed": 0}
        for name, ask in (("chart_reads", chart), ("searches", search), ("writes", write)):
            ok, failed = await closed_loop(session, ask, seconds, callers)
            rates[f"{name}_per_second"] = ok / seconds
            rates["failed"] += failed
        return rates


async def closed_loop(
    session: aiohttp.ClientSession, ask: Ask, seconds: float, callers: int
) -> tuple[int, int]:
    """Answers that were a success, and the others, of `callers` that ask without a pause."""
    numbers, end = itertools.count(), time.monotonic() + seconds
    counted = [0, 0]

    async def caller() -> None:
        while time.monotonic() < end:
            status = await ask(session, next(numbers))
            counted[status >= 300] += 1

    await asyncio.gather(*(caller() for _ in range(callers)))
    return counted[0], counted[1]


def _driven(arguments: tuple[str, float, int, int]) -> dict[str, float]:
    return asyncio.run(drive(*arguments))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", default="production")
    parser.add_argument("--seconds", type=float, default=8.0, help="per kind of request")
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--patients", type=int, default=40)
    options = parser.parse_args()
    with platform(options.profile) as (base_url, supervisor, ready):
        processes = family(supervisor)
        result: dict[str, float] = {
            "ready_seconds": ready,
            "ready_cpu_seconds": cpu_seconds(processes),
            "pss_mib": pss_mib(processes),
            "processes": len(processes),
        }
        print({name: round(value, 2) for name, value in result.items()})
        work = (base_url, options.seconds, options.callers, options.patients)
        with get_context("spawn").Pool(1) as pool:
            result |= pool.map(_driven, [work])[0]
        result["pss_mib_loaded"] = pss_mib(family(supervisor))
    print(json.dumps({name: round(value, 2) for name, value in result.items()}))


if __name__ == "__main__":
    main()
