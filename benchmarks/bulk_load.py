"""What a bulk load costs: seconds, and CPU of the loader and of its database, per Observation.

Writes the vital signs of some patients as FHIR lines, starts an embedded PostgreSQL with the schema
and the indexes of the production profile, and runs `python -m reference_platform.load` on them as a
user would: first the patients, then, timed from start to exit, the Observations. The CPU of the
database is that of all its processes. A file of ``--rows 100000`` shows the cost per row in a
second; the time that it takes to start weighs less in a large one.

    python -m benchmarks.bulk_load --rows 1000000 --patients 100000

The last line is one JSON object: ``rows``, ``seconds``, ``rows_per_second``,
``loader_cpu_us_per_row``, ``backend_cpu_us_per_row``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psutil

from reference_platform.backing import PostgreSQL
from reference_platform.database import migrate
from reference_platform.decisions import bounded_queries
from reference_platform.ports import assign

ROOT = Path(__file__).parents[1]
TENANT = "riverside"
SIGNS = [  # LOINC code, display, UCUM unit, lowest and highest value
    ("8867-4", "Heart rate", "/min", 50, 110),
    ("9279-1", "Respiratory rate", "/min", 10, 24),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 95, 180),
    ("59408-5", "Oxygen saturation", "%", 88, 100),
    ("8310-5", "Body temperature", "Cel", 35, 40),
]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
COMMON: dict[str, Any] = {
    "resourceType": "Observation",
    "meta": {
        "security": [
            {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
                "code": "HTEST",
                "display": "test health data",
            }
        ]
    },
    "status": "final",
    "category": [
        {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                    "code": "vital-signs",
                }
            ]
        }
    ],
}
"""What the Observations have in common. It stands here, so that their size stays what it was."""


def person(known: str, number: int) -> dict[str, Any]:
    """A patient with a record number."""
    return {
        "resourceType": "Patient",
        "id": known,
        "identifier": [{"system": "urn:example:mrn", "value": f"{number:08}"}],
        "name": [{"family": f"Proband{number}", "given": ["Alex"]}],
        "gender": ("female", "male")[number % 2],
        "birthDate": "1980-05-17",
    }


def observations(rows: int, patients: list[str], seed: int) -> Iterator[bytes]:
    """Vital signs in the order in which they were measured."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for number in range(rows):
        code, display, unit, lowest, highest = SIGNS[number % len(SIGNS)]
        patient = patients[number // len(SIGNS) % len(patients)]
        own = {
            "id": str(UUID(int=chance.getrandbits(128), version=4)),
            "code": {
                "coding": [{"system": "http://loinc.org", "code": code, "display": display}],
                "text": display,
            },
            "subject": {"reference": f"Patient/{patient}"},
            "effectiveDateTime": (BEGIN + timedelta(seconds=number)).isoformat(),
            "valueQuantity": {
                "value": chance.randint(lowest, highest),
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }
        yield orjson.dumps(COMMON | own) + b"\n"


def files(folder: Path, rows: int, patients: int, seed: int) -> tuple[Path, Path]:
    """Patients, and what was measured of them."""
    chance = random.Random(seed + 1)  # noqa: S311
    known = [str(UUID(int=chance.getrandbits(128), version=4)) for _ in range(patients)]
    people, measured = folder / "patients.ndjson", folder / "observations.ndjson"
    lines = [orjson.dumps(person(each, number)) for number, each in enumerate(known)]
    people.write_bytes(b"\n".join(lines))
    with measured.open("wb") as stream:
        stream.writelines(observations(rows, known, seed))
    return people, measured


@contextmanager
def database(folder: Path) -> Iterator[PostgreSQL]:
    """An embedded PostgreSQL as the production profile has it."""
    port = assign({"postgres": 0})["postgres"]
    server = PostgreSQL(folder, folder / "postgres.log", port)
    try:
        server.start()
        while not server.ready():
            time.sleep(0.02)
        indexes = bounded_queries.Production().statements()
        asyncio.run(migrate(server.url, password="benchmark", statements=indexes))  # noqa: S106
        yield server
    finally:
        server.stop()


def server_cpu(server: PostgreSQL) -> float:
    """CPU seconds of all its processes, those that have ended included."""
    main, used = psutil.Process(server.process.pid), 0.0
    for each in (*main.children(recursive=True), main):  # which counts those that end meanwhile
        with suppress(psutil.NoSuchProcess):
            used += sum(each.cpu_times()[:4])
    return used


def own_cpu() -> float:
    """CPU seconds of the loaders that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load(server: PostgreSQL, file: Path) -> dict[str, float]:
    """Load `file`, and say what it took."""
    command = [sys.executable, "-m", "reference_platform.load", str(file), "--json"]
    environment = {**os.environ, "PLATFORM_POSTGRES_URL": server.url}
    began, loader, backend = time.monotonic(), own_cpu(), server_cpu(server)
    done = subprocess.run(
        [*command, "--tenant", TENANT],
        cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    seconds = time.monotonic() - began
    rows = json.loads(done.stdout)["resources"]
    return {
        "rows": rows,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "loader_cpu_us_per_row": round((own_cpu() - loader) / rows * 1e6, 2),
        "backend_cpu_us_per_row": round((server_cpu(server) - backend) / rows * 1e6, 2),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="Observations")
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        people, measured = files(Path(folder), options.rows, options.patients, options.seed)
        size = measured.stat().st_size / options.rows
        with database(Path(folder)) as server:
            print({"patients": load(server, people), "bytes_per_row": round(size)})
            print(f"load average before: {os.getloadavg()[0]:.2f}")
            result = load(server, measured)
            print(f"load average after: {os.getloadavg()[0]:.2f}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
