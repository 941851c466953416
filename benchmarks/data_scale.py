"""How reads grow with the data: the same queries at a small and at a large number of rows.

Starts a profile, loads Observations (a hundred per patient) up to each size, and asks the same
questions of patients that nobody has asked about before, so that no cache answers. The growth
exponent is log(p50 large / p50 small) / log(rows large / rows small): 0 does not grow, 1 grows with
the data.

    python -m benchmarks.data_scale --profile production --sizes 10000 1000000

The last line is one JSON object: ``profile``, ``rows``, ``chart_ms`` and ``search_ms`` (p50 by
size), ``chart_exponent``, ``search_exponent``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.bulk_load import ROOT, TENANT, files

PER_PATIENT = 100
ASKED = 60
TOKEN = "benchmark"  # noqa: S105 - of a platform that lives for seconds, on the loopback


@contextmanager
def platform(profile: str, data: Path) -> Iterator[str]:
    """The base URL of a platform of its own."""
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "reference_platform", "--profile", profile, "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, f"PLATFORM_TOKEN_{TENANT.upper()}_CLINICIAN": TOKEN},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert supervisor.stdout is not None  # noqa: S101 - it is piped
        yield json.loads(supervisor.stdout.readline())["base_url"]
    finally:
        supervisor.terminate()
        supervisor.wait(20)


def load(data: Path, file: Path) -> None:
    """Load one file as a user would."""
    command = [sys.executable, "-m", "reference_platform.load", "--tenant", TENANT]
    command += ["--data", str(data), str(file)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def fill(data: Path, folder: Path, rows: int, seed: int) -> list[str]:
    """Load `rows` more Observations; the ids of their patients."""
    folder.mkdir()
    people, measured = files(folder, rows, max(1, rows // PER_PATIENT), seed)
    for file in (people, measured):
        load(data, file)
    known = [json.loads(line)["id"] for line in people.read_bytes().splitlines()]
    measured.unlink()
    return known


def p50(client: httpx.Client, paths: list[str]) -> float:
    """The median of the milliseconds that these took, one after the other."""
    took = []
    for path in paths:
        began = time.perf_counter()
        client.get(path).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def measure(client: httpx.Client, patients: list[str]) -> dict[str, float]:
    """p50 of charts and searches of patients that were not asked about yet."""
    step = max(1, len(patients) // (2 * ASKED))
    chosen = patients[::step]
    charts, searched = chosen[:ASKED], chosen[ASKED : 2 * ASKED] or chosen
    search = "/v1/fhir/Observation?_count=20&patient="
    return {
        "chart_ms": p50(client, [f"/v1/patients/{known}/chart" for known in charts]),
        "search_ms": p50(client, [search + known for known in searched]),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--profile", default="production")
    parser.add_argument("--sizes", type=int, nargs=2, default=[10_000, 1_000_000])
    options = parser.parse_args()
    small, large = options.sizes
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "platform")
        data.mkdir()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with (
            platform(options.profile, data) as url,
            httpx.Client(base_url=url, headers=headers, timeout=60) as client,
        ):
            for number, rows in enumerate((small, large - small)):
                patients = fill(data, Path(folder, str(number)), rows, seed=number)
                found.append(measure(client, patients))
    growth = math.log(large / small)
    result: dict[str, object] = {"profile": options.profile, "rows": [small, large]}
    for name in ("chart", "search"):
        first, last = (each[f"{name}_ms"] for each in found)
        result[f"{name}_ms"] = [round(first, 2), round(last, 2)]
        result[f"{name}_exponent"] = round(math.log(last / first) / growth, 3)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
