"""What it costs to reconcile a million acknowledged writes, and to check a million operations.

A million writes of a day on the wards are put into a ledger, and what a platform holds afterwards
is made of them, with a known number of writes lost, stale and duplicated. Counted is the CPU time
from the ledger's file to the result: reading it, parsing every answer, and comparing. The network
is left out. The same number of operations on slots and lists is checked for a serial order.

    python benchmarks/ledger.py --writes 1000000

The last line is one JSON object: ``ledger_1m_seconds``, ``history_1m_seconds`` (both scaled to a
million when another number was asked for) and ``ledger_write_us``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from codeblue.checks.book import read_book
from codeblue.checks.fate import Count, Tally
from codeblue.checks.history import judge_histories
from codeblue.load.ledger import Acknowledged, Key, LedgerWriter, Operation

LABEL, TENANTS = "benchmark", ("riverside", "lakeside")
MILLION = 1_000_000
PLANTED: tuple[Count, ...] = ("lost", "duplicated", "stale")
Bodies = dict[Key, bytes]


def writes(count: int) -> Iterator[Acknowledged]:
    """A mix: orders on patients' lists, observations each at a place of its own, updated visits."""
    for number in range(count):
        tenant, patient = TENANTS[number % 2], f"{number % 5000:036d}"
        at = 1.8e9 + number / 1000
        if number % 10 < 6:
            kind, identity, where = "order", f"{number:036d}", f"/v1/orders?patient={patient}"
            must: dict[str, Any] = {"patient": patient, "code": f"CBC-{number:012x}", "quantity": 2}
        elif number % 10 < 9:
            kind, identity = "Observation", f"{number:036d}"
            where = f"/v1/fhir/Observation/{identity}"
            quantity = {"value": number % 90, "unit": "/min"}
            must = {"subject": {"reference": f"Patient/{patient}"}, "valueQuantity": quantity}
        else:
            kind, identity = "visit", f"{number % 20000:036d}"
            where = f"/v1/visits/{identity}"
            must = {"status": "in-progress", "events": number}
        yield Acknowledged(kind, tenant, identity, patient, where, must, at, at - 0.02)


def held(entries: Iterator[Acknowledged]) -> tuple[Bodies, dict[Count, int]]:
    """What the platform answers at every place, and how many writes are wrong on purpose.

    One order in a thousand is lost, another one is there twice; of a few visits an older state
    is shown.
    """
    lists: dict[Key, list[dict[str, Any]]] = {}
    single: dict[Key, list[dict[str, Any]]] = {}
    planted = dict.fromkeys(PLANTED, 0)
    orders = 0
    for entry in entries:
        place, body = (entry.tenant, entry.where), {"id": entry.id} | (entry.must or {})
        if entry.kind != "order":
            single.setdefault(place, []).append(body)
            continue
        orders += 1
        lost, twice = orders % 1000 == 0, orders % 1000 == 500
        lists.setdefault(place, []).extend([body] * (0 if lost else 2 if twice else 1))
        planted["lost"] += lost
        planted["duplicated"] += twice
    bodies = {place: orjson.dumps({"orders": held}) for place, held in lists.items()}
    for number, (place, states) in enumerate(single.items()):
        older = number % 100 == 99 and len(states) > 1
        planted["stale"] += older
        bodies[place] = orjson.dumps(states[0 if older else -1])
    return bodies, planted


def reconciled(run: Path, bodies: Bodies) -> tuple[Tally, float]:
    """What became of all writes, and the CPU seconds that it took to find out."""
    began = time.process_time()
    book, total = read_book(run, LABEL), Tally()
    for place in book.places:
        total.add(book.judge(place, orjson.loads(bodies[place])))
    return total, time.process_time() - began


def operations(count: int) -> Iterator[Operation]:
    """Half on slots that two want at the same time, half on lists that two add to and read."""
    for start in range(0, count, 10):
        yield from _slot(f"riverside:slot-{start}", 1.8e9 + start)
        yield from _list(f"riverside:list-{start // 100}", 1.8e9 + start, start % 100 // 10)


def _slot(name: str, at: float) -> Iterator[Operation]:
    yield Operation("slot", name, "book", "p1", at, at + 0.3, "ok")
    yield Operation("slot", name, "book", "p2", at + 0.1, at + 0.2, "refused")
    yield Operation("slot", name, "read", ["p1"], at + 0.25, at + 0.35, "ok")
    yield Operation("slot", name, "cancel", "p1", at + 0.4, at + 0.5, "ok")
    yield Operation("slot", name, "read", [], at + 0.6, at + 0.7, "ok")


def _list(name: str, at: float, turn: int) -> Iterator[Operation]:
    codes = [f"{number:09d}" for number in range(3 * turn + 3)]
    for number, code in enumerate(codes[-3:]):
        yield Operation("list", name, "append", code, at + number, at + number + 0.5, "ok")
    for _ in range(2):
        yield Operation("list", name, "read", codes, at + 3, at + 3.5, "ok")


def measure(count: int = MILLION) -> dict[str, float]:
    """CPU seconds for a million of each; AssertionError when a planted fault is not found."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder)
        each = written(run, count)
        ledger, history = _reconcile(run, count), _check(run)
    scale = MILLION / count
    return {
        "ledger_1m_seconds": round(ledger * scale, 2),
        "history_1m_seconds": round(history * scale, 2),
        "ledger_write_us": round(each * 1e6, 2),
    }


def written(run: Path, count: int) -> float:
    """Fill the files of the run; CPU seconds that an entry takes, system call included."""
    writer, spent = LedgerWriter(run, LABEL, "0"), 0.0
    entries = chain[Acknowledged | Operation](writes(count), operations(count))
    while batch := list(islice(entries, 10_000)):
        began = time.process_time()
        for entry in batch:
            writer.write(entry)
        spent += time.process_time() - began
    return spent / (2 * count)


def _reconcile(run: Path, count: int) -> float:
    bodies, planted = held(writes(count))
    total, seconds = reconciled(run, bodies)
    found = {name: total[name] for name in PLANTED}
    assert found == planted, f"planted {planted}, found {found}"  # noqa: S101 - a benchmark
    return seconds


def _check(run: Path) -> float:
    began = time.process_time()
    histories = judge_histories(run, LABEL)
    seconds = time.process_time() - began
    assert not histories.broke, histories.examples  # noqa: S101 - a benchmark
    return seconds


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--writes", type=int, default=MILLION)
    print(json.dumps(measure(parser.parse_args().writes)))


if __name__ == "__main__":
    main()
