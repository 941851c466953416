"""What a synthetic patient costs: CPU seconds, beside other ways of making one.

A patient is one Patient and ten Observations. Ours go to files on disk, with the linkage table, and
are as clean as the others' unless their name says ``dirty``: then they are those of three
institutions with all their habits, mistakes and labels. Each contender runs in a process of its
own, in turn, ``--rounds`` times; its best run counts. The rows of the load go to an embedded
PostgreSQL, ours and bytes made beforehand in turn.

    python -m benchmarks.patients --patients 200000

The last line is one JSON object: ``patients_per_cpu_second`` by format (``hl7`` is one ORU^R01 each
to disk, ``hl7_messages`` ORU^R01 messages made of columns, ``dirt_records`` records that dirt is
put into), ``vs_naive_faker``, ``vs_fhir_resources`` and ``vs_dict_orjson`` (NDJSON against each),
``copy_vs_ceiling`` and ``copy_rows_per_second`` by primary key, and ``peak_rss_mb`` of the largest
process that makes our patients.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import asyncpg
import uvloop

from benchmarks import patient_contenders as others
from codeblue.patients import load_population
from codeblue.patients.dirt import inject
from codeblue.patients.hl7v2 import Hl7Renderer
from codeblue.patients.people.persons import Persons
from codeblue.patients.population import Population
from codeblue.patients.rows.fhir_rows import rows as fhir_rows
from codeblue.patients.rows.hl7_rows import rows as hl7_rows
from codeblue.patients.writing import Written, generate, plan
from codeblue.patients.writing.copying import OBSERVATION, blocks, copy_blocks, observation_block
from codeblue.patients.writing.job import CHUNK
from reference_platform.backing import PostgreSQL
from reference_platform.ports import assign

ROOT = Path(__file__).parents[1]
DIRTY, CLEAN = "regional-network", "pilot-clinic"
RESOURCES, TABLES = ("Patient", "Observation"), ("patients", "observations")
RESULT = "ORU^R01"
REPEATS = 4
KEYED = {"without_key": False, "with_key": True}
FEWER = {"naive_faker": 100, "dict_orjson": 10, "fhir_resources": 1000}

Measured = tuple[float, float]  # how many, and the CPU seconds that they took
Contender = Callable[[int, Path], Measured]


def to_disk(form: str, population: str, wanted: tuple[str, ...], count: int, out: Path) -> Measured:
    """What `codeblue data generate` does, to a new folder."""
    job = plan(population, out / "written", format=form, wanted=wanted, size=count)
    began = time.process_time()
    total = sum(generate(job), start=Written())
    seconds = time.process_time() - began
    if RESULT in total.counts:
        return total.counts[RESULT], seconds
    return min(total.counts["Patient"], total.counts["Observation"] / len(others.SIGNS)), seconds


def result_messages(count: int, _out: Path) -> Measured:
    """HL7 v2 messages of persons, visits and measurements that are drawn already."""
    population, renderer = load_population(CLEAN, size=count), Hl7Renderer()
    made = seconds = 0.0
    for persons in drawn(population):
        began = time.process_time()
        for institution in range(len(population.institutions)):
            for rows in hl7_rows(population, persons, institution, (RESULT,)):
                renderer.render(renderer.used(rows))
                made += len(rows)
        seconds += time.process_time() - began
    return made, seconds


def spoiled_records(count: int, _out: Path) -> Measured:
    """Records that are there, and that dirt is put into, with its labels."""
    population = load_population(DIRTY, size=count)
    made = seconds = 0.0
    for persons in drawn(population):
        for number, institution in enumerate(population.institutions):
            made_of_one = list(fhir_rows(population, persons, number, RESOURCES))
            began = time.process_time()
            for rows in made_of_one:
                inject(rows, institution.profile.faults, population.mess, population)
                made += len(rows)
            seconds += time.process_time() - began
    return made, seconds


def drawn(population: Population) -> Iterator[Persons]:
    """Persons by the chunk; their visits, measurements and records are drawn with them."""
    for start in range(0, population.size, CHUNK):
        persons = population.persons(start, min(start + CHUNK, population.size))
        population.visit(persons)
        population.measurements(persons)
        for institution in range(len(population.institutions)):
            population.records(persons, institution)
        yield persons


def other(make: Callable[[int, Path], None], count: int, out: Path) -> Measured:
    """Somebody else's way."""
    began = time.process_time()
    make(count, out / "written.ndjson")
    return count, time.process_time() - began


CONTENDERS: dict[str, Contender] = {
    "ndjson": partial(to_disk, "ndjson", CLEAN, RESOURCES),
    "ndjson_zst": partial(to_disk, "ndjson.zst", CLEAN, RESOURCES),
    "parquet": partial(to_disk, "parquet", CLEAN, TABLES),
    "sql": partial(to_disk, "sql", CLEAN, TABLES),
    "hl7": partial(to_disk, "hl7", CLEAN, (RESULT,)),
    "ndjson_dirty": partial(to_disk, "ndjson", DIRTY, RESOURCES),
    "parquet_dirty": partial(to_disk, "parquet", DIRTY, TABLES),
    "hl7_dirty": partial(to_disk, "hl7", DIRTY, (RESULT,)),
    "hl7_messages": result_messages,
    "dirt_records": spoiled_records,
    "naive_faker": partial(other, others.naive_faker),
    "dict_orjson": partial(other, others.dict_orjson),
    "fhir_resources": partial(other, others.fhir_resources),
}


def run_one(name: str, count: int) -> None:
    """One contender in this process: the best of some runs, each into a new folder.

    The first ones find a page cache that the kernel has yet to make room for.
    """
    best = 0.0
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as folder:
            made, seconds = CONTENDERS[name](count, Path(folder))
        best = max(best, made / seconds)
    peak = getrusage(RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": best, "peak_rss_mb": peak}))


def in_turn(count: int, rounds: int) -> dict[str, dict[str, float]]:
    """The best rate and the highest memory of each contender."""
    best = {name: {"rate": 0.0, "peak_rss_mb": 0.0} for name in CONTENDERS}
    for turn in range(rounds):
        for name in CONTENDERS:
            size = max(100, count // FEWER.get(name, 1))
            command = [sys.executable, "-m", "benchmarks.patients", "--one", name]
            command += ["--patients", str(size)]
            done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
            found = json.loads(done.stdout)
            best[name] = {key: max(found[key], best[name][key]) for key in found}
            print(f"round {turn + 1}: {name:15} {found['rate']:12,.0f} per CPU second")
    return best


async def loads(url: str, count: int, pairs: int) -> dict[str, dict[str, float]]:
    """Rows per second of wall clock into a logged table: ours, and of ours to bytes made before."""
    population = load_population(DIRTY, size=count)
    ready = [bytes(block) for block in blocks(population, observation_block)]
    sources: dict[str, Callable[[], Any]] = {
        "ours": lambda: blocks(population, observation_block),
        "made": lambda: iter(ready),
    }
    rows = sum(map(len, ready)) / OBSERVATION.rows(1).nbytes
    connection = await asyncpg.connect(url)
    result: dict[str, dict[str, float]] = {"copy_vs_ceiling": {}, "copy_rows_per_second": {}}
    for name, keyed in KEYED.items():
        seconds: dict[str, list[float]] = {"ours": [], "made": []}
        for turn in range(pairs):
            for which in sorted(sources, reverse=turn % 2 == 1):
                await connection.execute("DROP SCHEMA IF EXISTS b CASCADE; CREATE SCHEMA b")
                await connection.execute(OBSERVATION.create("b", keyed=keyed))
                began = time.perf_counter()
                await copy_blocks(connection, "b", OBSERVATION.name, sources[which]())
                seconds[which].append(time.perf_counter() - began)
        ours, made = (statistics.median(seconds[which]) for which in ("ours", "made"))
        result["copy_vs_ceiling"][name] = round(made / ours, 3)
        result["copy_rows_per_second"][name] = round(rows / ours)
    await connection.close()
    return result


@contextmanager
def database() -> Iterator[str]:
    """The URL of an embedded PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder:
        port = assign({"postgres": 0})["postgres"]
        server = PostgreSQL(Path(folder), Path(folder) / "postgres.log", port)
        try:
            server.start()
            while not server.ready():
                time.sleep(0.02)
            yield server.url
        finally:
            server.stop()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--patients", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pairs", type=int, default=7, help="loads of each kind")
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_one(options.one, options.patients)
        return
    best = in_turn(options.patients, options.rounds)
    with database() as url:
        copied = uvloop.run(loads(url, min(options.patients, 100_000), options.pairs))
    ndjson = best["ndjson"]["rate"]
    slower = {f"vs_{name}": round(ndjson / best[name]["rate"], 1) for name in FEWER}
    ours = best.keys() - FEWER
    peak = round(max(best[name]["peak_rss_mb"] for name in ours))
    rates = {name: round(best[name]["rate"]) for name in best}
    print(json.dumps({"patients_per_cpu_second": rates, **slower, **copied, "peak_rss_mb": peak}))


if __name__ == "__main__":
    main()
