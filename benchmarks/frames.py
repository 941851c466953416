"""How long ten million requests take to become the frames and the report of a run.

Five workers' journals of eight streams are made first, and not counted. Then a fresh process reads
them twice, as ``codeblue load`` does: for the result of the load, and for its report with charts.

    python -m benchmarks.frames

The last line is one JSON object: ``frames_10m_seconds`` (CPU seconds from the start of that process
to its end, the best of ``--rounds``) and ``frames_10m_rss_mb`` (the most memory it had).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import numpy as np
import orjson

from codeblue.journal import IN_FLIGHT, REQUEST_DTYPE, Journal, RunDirectory
from codeblue.load.planning.plan import LoadPlan, Stream
from codeblue.load.result import summarise
from codeblue.render import render

REQUESTS = 10_000_000
PER_ARRIVAL = 2
WORKERS = 5
STREAMS = 8
SECONDS = 1_000.0
NAMES = ["GET /v1/patients/{id}/chart", "POST /v1/orders"]
LABEL = "usual"


def measure(requests: int = REQUESTS, rounds: int = 3) -> dict[str, float]:
    """CPU seconds and peak memory for ``requests`` requests."""
    with tempfile.TemporaryDirectory() as folder:
        run = RunDirectory.create(Path(folder), "benchmark")
        dice = np.random.default_rng(1)
        for worker in range(WORKERS):
            write_journal(run, str(worker), requests // WORKERS, dice)
        costs = [in_fresh_process(run) for _ in range(rounds)]
    seconds, megabytes = (min(cost) for cost in zip(*costs, strict=True))
    return {"frames_10m_seconds": round(seconds, 2), "frames_10m_rss_mb": round(megabytes)}


def write_journal(run: RunDirectory, worker: str, requests: int, dice: np.random.Generator) -> None:
    """One worker's records in the order in which the requests ended, as it would write them."""
    arrivals = requests // PER_ARRIVAL
    due = np.sort(dice.random(arrivals) * SECONDS)
    stream = dice.integers(0, STREAMS, arrivals)
    service = dice.lognormal(-4.2, 0.6, (PER_ARRIVAL, arrivals)).astype("f4")
    service[:, dice.random(arrivals) < 0.01] += 2
    latency = np.cumsum(service, axis=0)
    records = np.zeros((PER_ARRIVAL, arrivals), REQUEST_DTYPE)
    records["intended"], records["latency"], records["service"] = due, latency, service
    records["name"] = stream * len(NAMES) + np.arange(PER_ARRIVAL)[:, None]
    records["status"] = dice.choice([200, 503, IN_FLIGHT], records.shape, p=[0.98, 0.015, 0.005])
    path = run.requests / f"{LABEL}-{worker}.bin"
    records.ravel()[np.argsort((due + latency).ravel())].tofile(path)
    names = [[f"stream-{index}", name] for index in range(STREAMS) for name in NAMES]
    header = {"load": LABEL, "worker": worker, "started": time.time(), "names": names}
    path.with_suffix(".names.json").write_bytes(orjson.dumps(header))


def in_fresh_process(run: RunDirectory) -> tuple[float, float]:
    """CPU seconds and the peak of memory in MB, from the start of a process to its end."""
    (run.path / "events.jsonl").unlink(missing_ok=True)
    command = [sys.executable, __file__, "--run", str(run.path)]
    before = getrusage(RUSAGE_CHILDREN)
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    after = getrusage(RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, float(answer.stdout)


def summarise_and_render(path: Path) -> None:
    """What follows a load, on the journals in the run at ``path``; prints the peak of memory."""
    run, journal = RunDirectory(path), Journal(RunDirectory(path))
    streams = {f"stream-{index}": Stream(rate=1) for index in range(STREAMS)}
    plan = LoadPlan(label=LABEL, journeys=streams, seconds=SECONDS, workers=WORKERS)
    result = summarise(run, plan, {"reason": "", **_report()})
    journal.event("load-finished", **result.fields())
    render(path)
    print(getrusage(RUSAGE_SELF).ru_maxrss / 1024)


def _report() -> dict[str, object]:
    return {
        "planned": [0] * STREAMS,
        "started": time.time(),
        "elapsed": SECONDS,
        "lateness_p99": 0.001,
        "cpu": 1.0,
        "cpu_share": 0.5,
        "workers": WORKERS,
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        summarise_and_render(options.run)
    else:
        print(json.dumps(measure(options.requests, options.rounds)))


if __name__ == "__main__":
    main()
