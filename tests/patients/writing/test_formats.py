"""What the files hold, read by the tools that they are meant for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import hl7
import pyarrow as pa
from pyarrow import parquet

from codeblue.patients.rows.table_rows import COLUMNS, TABLE_OF
from codeblue.patients.writing import Job, Written, generate

from .conftest import JobFactory


def write(job: Job) -> Written:
    return sum(generate(job), start=Written())


def by_name(out: Path, suffix: str) -> dict[str, list[Path]]:
    """The files of all institutions and shards, by type."""
    found: dict[str, list[Path]] = {}
    for path in sorted(out.glob(f"*/*.{suffix}")):
        if path.parent.name != "truth":
            found.setdefault(path.name.partition(".")[0], []).append(path)
    return found


def rows_of(script: Path) -> list[list[str]]:
    """The rows of a script for psql, empty ones as it reads them."""
    head, _, data = script.read_text().partition(" FROM stdin WITH (NULL '');\n")
    assert head.startswith("SET client_encoding = 'UTF8';\nCREATE TABLE IF NOT EXISTS ")
    assert data.endswith("\n\\.\n")
    return [line.split("\t") for line in data.removesuffix("\\.\n").splitlines()]


def test_ndjson_holds_one_resource_per_line(make_job: JobFactory) -> None:
    job = make_job()
    written = write(job)
    for kind, paths in by_name(job.out, "ndjson").items():
        resources = [json.loads(line) for path in paths for line in path.open("rb")]
        assert {resource["resourceType"] for resource in resources} == {kind}
        assert len(resources) == written.counts[kind]


def test_only_what_is_wanted_is_written(make_job: JobFactory) -> None:
    job = make_job(wanted=("Patient", "Condition"))
    assert set(write(job).counts) == {"Patient", "Condition"}
    assert set(by_name(job.out, "ndjson")) == {"Patient", "Condition"}


def test_zstd_holds_the_same_lines(make_job: JobFactory) -> None:
    plain, packed = make_job("plain"), make_job("packed", format="ndjson.zst")
    write(plain)
    write(packed)
    for path in plain.out.glob("*/*.ndjson"):
        twin = packed.out / path.relative_to(plain.out).with_suffix(".ndjson.zst")
        with pa.CompressedInputStream(pa.OSFile(str(twin)), "zstd") as stream:
            assert stream.read() == path.read_bytes()


def test_parquet_and_sql_hold_the_same_rows(make_job: JobFactory) -> None:
    tables, scripts = make_job("tables", format="parquet"), make_job("scripts", format="sql")
    written = write(tables)
    assert write(scripts).counts == written.counts
    for resource, name in TABLE_OF.items():
        found = 0
        for path in by_name(tables.out, "parquet")[name]:
            table = parquet.read_table(path)
            assert tuple(table.column_names) == COLUMNS[name]
            twin = scripts.out / path.relative_to(tables.out).with_suffix(".sql")
            assert [list(row.values()) for row in table.to_pylist()] == rows_of(twin)
            found += table.num_rows
        assert found == written.counts[resource]


def test_a_feed_is_frames_of_messages_in_order_of_time(make_job: JobFactory) -> None:
    job = make_job(population="pilot-clinic", size=200, format="hl7")
    written = write(job)
    [[path]] = by_name(job.out, "hl7").values()
    frames = path.read_bytes().split(b"\x1c\r")
    assert frames.pop() == b""
    assert all(frame.startswith(b"\x0bMSH|") and frame.endswith(b"\r") for frame in frames)
    messages = [hl7.parse(frame[1:].decode()) for frame in frames]
    assert Counter(str(message["MSH.F9"]) for message in messages).total() == sum(
        written.counts.values()
    )
    times = [str(message["MSH.F7"]) for message in messages]
    assert times == sorted(times)


def test_the_truth_is_about_records_that_are_there(make_job: JobFactory) -> None:
    job = make_job()
    written = write(job)
    labels = parquet.read_table(sorted((job.out / "truth").glob("labels.*"))).to_pylist()
    linkage = parquet.read_table(sorted((job.out / "truth").glob("linkage.*"))).to_pylist()
    patients = [
        json.loads(line)
        for path in by_name(job.out, "ndjson")["Patient"]
        for line in path.open("rb")
    ]
    assert Counter(label["kind"] for label in labels) == written.labels
    assert sorted(row["record"] for row in linkage) == sorted(each["id"] for each in patients)
    spoilt = {label["record"] for label in labels if label["resource"] == "Patient"}
    assert spoilt <= {each["id"] for each in patients}
