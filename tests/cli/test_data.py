"""``codeblue data generate`` and ``show``, as a person runs them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from .conftest import CodeblueCommand, StartCodeblue, ended, family_of, until

pytestmark = pytest.mark.slow

LARGE = ("data", "generate", "--population", "national", "--workers", "2", "--out", "out")


def files(out: Path) -> set[str]:
    return {path.name for path in out.rglob("*") if path.is_file()}


def finished(out: Path) -> int:
    """How many shards have all their files: the linkage is the last of them."""
    return len(list(out.glob("truth/linkage.*.parquet")))


def test_a_population_becomes_files_and_a_summary(
    codeblue: CodeblueCommand, tmp_path: Path
) -> None:
    done = codeblue("data", "generate", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0
    assert "persons                 500" in done.stdout
    assert {"population.json", "Patient.00000.ndjson", "labels.00000.parquet"} <= files(
        tmp_path / "out"
    )


def test_machines_get_one_object(codeblue: CodeblueCommand, tmp_path: Path) -> None:
    asked = ("--population", "regional-network", "--patients", "300", "--format", "hl7")
    done = codeblue("data", "generate", *asked, "--out", "out", "--json", cwd=tmp_path)
    answer = json.loads(done.stdout)
    assert answer["patients"] == 300
    assert answer["records"]["ORU^R01"] > 100
    assert answer["dirt"]["duplicate"] > 0
    assert answer["bytes"] == sum(p.stat().st_size for p in (tmp_path / "out").glob("*/*"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["generate", "--out", "out", "--population", "pilot-clinik"], "Did you mean"),
        (["generate", "--out", "out", "--format", "ndjsn"], "Did you mean"),
        (["generate", "--out", "out", "--resources", "Patent"], "Did you mean"),
        (["generate", "--out", "out", "--workers", "0"], "at least one"),
        (["generate", "--out", "."], "not empty"),
        (["genrate"], "Did you mean"),
        (["show", "1", "--population", "pilot-clinik"], "Did you mean"),
    ],
)
def test_a_mistake_is_one_sentence(
    codeblue: CodeblueCommand, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    (tmp_path / "thesis.txt").touch()
    done = codeblue("data", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr


def test_a_full_disk_is_one_sentence_and_leaves_no_half_file(tmp_path: Path) -> None:
    command = f'ulimit -f 200; exec "{sys.executable}" -m codeblue.cli data generate --out out'
    for workers in ("1", "2"):
        done = subprocess.run(
            ["bash", "-c", f"{command} --workers {workers}"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 3
        assert "out: cannot be written (File too large)" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert files(tmp_path / "out") == {"population.json"}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_an_end_in_the_middle_leaves_no_process_and_no_half_file(
    start_codeblue: StartCodeblue, tmp_path: Path, how: signal.Signals
) -> None:
    process = start_codeblue(*LARGE, "--resources", "Patient", cwd=tmp_path)
    out = tmp_path / "out"
    assert until(lambda: finished(out) >= 2 and list(out.rglob("*.partial")))
    family = family_of(process)
    assert len(family) > 2
    process.send_signal(how)
    assert until(lambda: ended(family), 20)
    for path in out.glob("*/Patient.*.ndjson"):
        assert path.read_bytes()[-200:].endswith(b"\n")
        assert path.read_bytes().rstrip().endswith(b"}")
    if how == signal.SIGINT:
        assert not list(out.rglob("*.partial"))
        assert process.communicate()[1].splitlines()[-1] == "error: interrupted"


def test_a_worker_that_is_killed_is_one_sentence(
    start_codeblue: StartCodeblue, tmp_path: Path
) -> None:
    process = start_codeblue(*LARGE, "--resources", "Patient", cwd=tmp_path)
    assert until(lambda: finished(tmp_path / "out") >= 1)
    family = family_of(process)
    max(family[1:], key=lambda member: sum(member.cpu_times()[:2])).kill()
    assert process.wait(30) == 3
    assert "a worker was killed" in process.communicate()[1].splitlines()[-1]
    assert until(lambda: ended(family), 20)
    assert not list((tmp_path / "out").rglob("*.partial"))


def test_workers_take_little_memory_whatever_the_size(
    start_codeblue: StartCodeblue, tmp_path: Path
) -> None:
    asked = ("--workers", "4", "--resources", "Patient,Observation")
    process = start_codeblue(*LARGE, *asked, cwd=tmp_path)
    most = 0.0
    while finished(tmp_path / "out") < 2:
        assert process.poll() is None
        most = max(most, proportional(family_of(process)))
    assert most < 600


def proportional(family: list[psutil.Process]) -> float:
    """The memory of all of them in MB; what they share counts once."""
    total = 0
    for member in family:
        try:
            total += member.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


@pytest.mark.parametrize("form", ["fhir", "hl7", "row"])
def test_one_patient_of_many_is_shown(codeblue: CodeblueCommand, tmp_path: Path, form: str) -> None:
    asked = ("99999999", "--population", "regional-network", "--format", form)
    shown = codeblue("data", "show", *asked, cwd=tmp_path)
    assert shown.returncode == 0
    again = codeblue("data", "show", *asked, "--patients", "200000000", "--json", cwd=tmp_path)
    answer = json.loads(again.stdout)
    assert answer["work_ms"] > 0
    if form == "hl7":
        assert shown.stdout.splitlines() == answer["hl7"].split("\r")[:-1]
    else:
        assert json.loads(shown.stdout) == answer[form]
