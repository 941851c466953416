from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import CodeblueError, UsageError
from codeblue.patients.writing import FORMATS, Job, Written, generate, plan

from .conftest import JobFactory, hashes


def run(job: Job, **how: object) -> dict[str, str]:
    list(generate(job, **how))  # type: ignore[arg-type]
    return hashes(job.out)


@pytest.mark.parametrize("form", FORMATS)
def test_a_run_can_be_repeated_and_gives_the_same_bytes(make_job: JobFactory, form: str) -> None:
    job = make_job(format=form)
    first = run(job)
    assert len(first) > 3 * len(job.shards)
    assert run(job) == first


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_workers_write_the_same_bytes(make_job: JobFactory, form: str) -> None:
    alone = run(make_job("1", format=form))
    for workers in (2, 4) if form == "ndjson" else (2,):
        assert run(make_job(f"{workers}", format=form), workers=workers) == alone


@pytest.mark.slow
def test_a_dask_cluster_writes_the_same_bytes(make_job: JobFactory) -> None:
    from distributed import LocalCluster

    alone = run(make_job("alone"))
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        assert run(make_job("dask"), dask=cluster.scheduler_address) == alone


def lines(job: Job) -> dict[str, bytes]:
    """The lines of all shards one after the other, by institution and type."""
    list(generate(job))
    found: dict[str, bytes] = {}
    for path in sorted(job.out.glob("*/*.ndjson")):
        kind = f"{path.parent.name}/{path.name.partition('.')[0]}"
        found[kind] = found.get(kind, b"") + path.read_bytes()
    return found


@settings(max_examples=5, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(1, 500),
    shard=st.integers(1, 4),
    chunk=st.sampled_from([64, 128]),
)
def test_how_persons_are_split_into_shards_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int, shard: int, chunk: int
) -> None:
    out = tmp_path_factory.mktemp("out")
    whole = plan("regional-network", out / "whole", seed=seed, size=size)
    whole = replace(whole, chunk=chunk, shard=chunk * 100)
    split = replace(whole, out=out / "split", shard=chunk * shard)
    assert lines(split) == lines(whole)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32), chunk=st.integers(31, 200))
def test_how_many_persons_are_drawn_together_changes_no_record(
    tmp_path_factory: pytest.TempPathFactory, seed: int, chunk: int
) -> None:
    out = tmp_path_factory.mktemp("out")
    whole = replace(plan("regional-network", out / "whole", seed=seed, size=200), chunk=200)
    split = replace(whole, out=out / "split", chunk=chunk)
    found, expected = lines(split), lines(whole)
    assert {kind: records(text) for kind, text in found.items()} == {
        kind: records(text) for kind, text in expected.items()
    }


def records(text: bytes) -> list[str]:
    """What the lines say, in no order and without the spaces between."""
    return sorted(json.dumps(json.loads(line)) for line in text.splitlines())


def test_the_folder_says_what_it_holds_and_that_it_is_complete(make_job: JobFactory) -> None:
    job = make_job()
    total = sum(generate(job), start=Written())
    said = json.loads((job.out / "population.json").read_text())
    assert said["population"] == "regional-network"
    assert (said["size"], said["seed"]) == (1200, job.seed)
    assert said["written"] == json.loads(json.dumps(vars(total)))
    assert total.bytes == sum(path.stat().st_size for path in job.out.glob("*/*") if path.is_file())
    assert total.persons == 1200
    assert sum(total.labels.values()) > 0


def test_a_run_that_was_left_early_is_not_complete_and_leaves_no_half_file(
    make_job: JobFactory,
) -> None:
    job = make_job()
    shards = generate(job)
    next(shards)
    shards.close()  # type: ignore[attr-defined]
    assert "written" not in json.loads((job.out / "population.json").read_text())
    assert not list(job.out.rglob("*.partial"))
    assert run(job) == run(make_job("other"))


def test_the_folder_of_another_job_is_refused(make_job: JobFactory) -> None:
    run(make_job(size=10))
    with pytest.raises(UsageError, match="holds another population or format"):
        next(generate(make_job(size=11)))


def test_a_folder_with_something_else_in_it_is_refused(make_job: JobFactory) -> None:
    job = make_job()
    job.out.mkdir()
    (job.out / "thesis.txt").touch()
    with pytest.raises(UsageError, match="not written by this command"):
        next(generate(job))


def test_a_folder_that_cannot_be_written_is_one_sentence(make_job: JobFactory) -> None:
    job = replace(make_job(), out=Path("/dev/null/out"))
    with pytest.raises(CodeblueError, match="cannot be written"):
        next(generate(job))


def test_without_dask_the_sentence_names_the_extra(
    make_job: JobFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"codeblue\[distributed\]"):
        next(generate(make_job(), dask="local"))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"format": "ndjsn"}, 'Did you mean "ndjson"'),
        ({"wanted": ("Patent",)}, 'Did you mean "Patient"'),
        ({"format": "sql", "wanted": ("Patient",)}, 'Did you mean "patients"'),
        ({"population": "pilot-clinik"}, 'Did you mean "pilot-clinic"'),
    ],
)
def test_a_wrong_word_is_put_right(
    make_job: JobFactory, asked: dict[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence):
        make_job(**asked)
