from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from codeblue.errors import UsageError
from codeblue.patients.score import score
from codeblue.patients.score.export import read_export
from codeblue.patients.writing import Job, generate

Write = Callable[[str, bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return file


def patient(id: str, **more: Any) -> bytes:  # noqa: A002
    return orjson.dumps({"resourceType": "Patient", "id": id, **more}) + b"\n"


def test_a_folder_is_read_with_all_below_it_but_the_truth(write: Write, tmp_path: Path) -> None:
    write("kept/a/Patient.ndjson", patient("1") + b"\n" + patient("2"))
    write("kept/b/Patient.ndjson", patient("3"))
    write("kept/truth/Patient.ndjson", patient("4"))
    write("kept/notes.txt", b"no")
    assert set(read_export([tmp_path / "kept"])["Patient"]) == {"1", "2", "3"}


def test_bundles_are_opened_and_other_types_left_aside(write: Write) -> None:
    entries = [{"resource": orjson.loads(patient("1"))}, {"resource": {"resourceType": "Basic"}}]
    bundle = {"resourceType": "Bundle", "entry": [*entries, {"response": {}}]}
    assert list(read_export([write("x.ndjson", orjson.dumps(bundle))])) == ["Patient"]


def test_what_a_patient_says(write: Write) -> None:
    resource = patient(
        "1",
        identifier=[{"system": "s", "value": "7"}, {"system": "s"}],
        link=[{"type": "replaced-by", "other": {"reference": "Patient/2"}}, {"type": "refer"}],
        name=[{"family": "Li", "given": ["An"]}],
        birthDate="1970-01-01",
    )
    kept = read_export([write("x.ndjson", resource)])["Patient"]["1"]
    assert kept.identifiers == (("s", "7"),)
    assert kept.links == ("2",)
    assert kept.fields["family"] == "Li"
    assert (kept.fields["given"], kept.fields["middle"]) == ("An", "")
    assert kept.fields["birth_date"] == "1970-01-01"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.ndjson", b'{"resourceType": "Patient"}\n{oops', "x.ndjson:2: not valid JSON"),
        ("x.ndjson", b'{"id": "1"}', "x.ndjson:1: no resourceType"),
        ("x.ndjson", b"[1]", "x.ndjson:1: no resourceType"),
        ("x.ndjson", b"", "nothing kept"),
        ("x.txt", b"", "x.txt: no folder"),
    ],
)
def test_a_wrong_file_says_where(write: Write, name: str, content: bytes, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        read_export([write(name, content)])


def test_tables_must_be_known_and_have_ids(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    for name, columns, complaint in (
        ("patient", {"id": ["1"]}, 'Did you mean "patients"?'),
        ("patients", {"family": ["Li"]}, 'a row without an "id"'),
    ):
        parquet.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
        with pytest.raises(UsageError, match=complaint.replace("?", r"\?")):
            read_export([tmp_path / f"{name}.parquet"])


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
def test_tables_are_scored_as_resources_are(tmp_path: Path, form: str) -> None:
    job = Job("regional-network", 300, 5, tmp_path / form, format=form)
    assert list(generate(job))
    made = score(job.out, [job.out])
    assert set(made.records) >= {"Patient", "Observation", "Condition"}
    assert all(sent == kept for sent, kept in made.records.values())
    assert made.kinds
    for name, tally in made.kinds.items():
        assert (tally.recall, tally.precision) == (0, None), name


def test_a_folder_that_is_no_truth_is_refused(tmp_path: Path, write: Write) -> None:
    kept = write("kept.ndjson", patient("1"))
    with pytest.raises(UsageError, match=r"no population\.json here"):
        score(tmp_path, [kept])
    write("population.json", b"{}")
    with pytest.raises(UsageError, match="the run was interrupted"):
        score(tmp_path, [kept])
    asked = {"population": "pilot-clinic", "seed": 1, "size": 5, "wanted": [], "written": {}}
    write("population.json", orjson.dumps(asked | {"format": "ndjson"}))
    with pytest.raises(UsageError, match=r"no truth/linkage\.\*\.parquet"):
        score(tmp_path, [kept])


def test_messages_are_not_scored(tmp_path: Path, write: Write) -> None:
    job = Job("pilot-clinic", 5, 5, tmp_path / "feed", format="hl7")
    assert list(generate(job))
    with pytest.raises(UsageError, match="holds hl7, which is not scored"):
        score(job.out, [write("kept.ndjson", patient("1"))])
