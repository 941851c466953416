from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from reference_platform.load.__main__ import main
from reference_platform.settings import Settings

from .conftest import Start
from .samples import Resource, resource


def person(known: str) -> Resource:
    named = {"identifier": [{"system": "urn:mrn", "value": f"mrn-{known}"}], "id": known}
    family = {"name": [{"family": f"Täb ulator\\{known}"}]}
    return resource("Patient", "") | named | family


def observation(known: str, n: int) -> Resource:
    text = {"text": 'back\\slash "and" ß'}
    return resource("Observation", known) | {
        "id": f"{known}-o{n}",
        "code": text,
        "meta": {"source": "urn:x"},
    }


def ndjson(file: Path, *resources: Resource) -> Path:
    file.write_text("".join(json.dumps(each) + "\n" for each in resources), encoding="utf-8")
    return file


def run(backing: Settings, *arguments: object, tenant: str = "riverside") -> int:
    assert backing.postgres_url
    options = ["--tenant", tenant, "--url", backing.postgres_url]
    return main([*map(str, arguments), *options])


def ask(backing: Settings, statement: str, *arguments: object) -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(backing.postgres_url)
        try:
            return await connection.fetchval(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(fetch())


@pytest.fixture
def known() -> str:
    return uuid4().hex


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--rebuild-indexes", "--no-rebuild-indexes"])
def test_what_was_loaded_is_served_as_if_it_had_been_posted(
    start: Start, backing: Settings, tmp_path: Path, known: str, option: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    platform = start("production")
    observations = [observation(known, n) for n in range(30)]
    file = ndjson(tmp_path / "all.ndjson", *observations, person(known))
    place = f"/v1/fhir/Patient/{known}"
    with platform.client() as client:  # which prepares statements that must outlive the indexes
        assert client.get(place).status_code == 404
    assert run(backing, file, "--json", "--check", option) == 0
    assert json.loads(capsys.readouterr().out)["resources"] == 31
    with platform.client() as client, platform.client("lakeside") as stranger:
        read = client.get(place)
        assert read.json()["name"] == person(known)["name"]
        assert read.headers["ETag"] == 'W/"1"'
        assert read.headers["Last-Modified"].endswith("GMT")
        chart = client.get(f"/v1/patients/{known}/chart").json()
        newest = [each["id"] for each in chart["observations"]]
        assert newest == [f"{known}-o{n}" for n in range(29, 9, -1)]
        assert chart["observations"][0]["code"] == observations[0]["code"]
        assert chart["observations"][0]["meta"]["source"] == "urn:x"
        for query in (
            {"identifier": f"urn:mrn|mrn-{known}"},
            {"family": person(known)["name"][0]["family"].upper()},
            {"birthdate": "1980-05-17", "gender": "male", "_id": known},
        ):
            assert client.get("/v1/fhir/Patient", params=query).json()["total"] == 1, query
        assert stranger.get(place).status_code == 404
        changed = client.put(place, json=read.json(), headers={"If-Match": 'W/"1"'})
        assert changed.headers["ETag"] == 'W/"2"'
        assert client.get(f"{place}/_history").json()["total"] == 2
        assert client.get(f"{place}/_history/1").json() == read.json()
        of_patient = {"patient": known, "_count": "100"}
        assert client.get("/v1/fhir/Observation", params=of_patient).json()["total"] == 30


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "resourceType"),
        ('{"resourceType": "Basic"}', "resourceType"),
        ('{"resourceType": []}', "resourceType"),
        ('{"resourceType": "Patient"}', "id"),
        ('{"resourceType": "Patient", "id": "a b"}', "id"),
        ('{"resourceType": "Observation", "id": "1"}', "subject"),
        ('{"resourceType": "Patient", "id": "1", "birthDate": "soon"}', "birthDate"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_stored(
    backing: Settings, tmp_path: Path, known: str, spoilt: str, sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    file = ndjson(tmp_path / "some.ndjson", person(known))
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"\n{spoilt}\n")
    assert run(backing, file) == 3
    error = capsys.readouterr().err
    assert f"some.ndjson:3: {sentence}" in error
    assert "Nothing of this file was stored." in error
    assert ask(backing, "SELECT count(*) FROM platform.resources WHERE id = $1", known) == 0


@pytest.mark.slow
def test_unknown_patients_and_known_ids_are_refused(
    backing: Settings, tmp_path: Path, known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    orphan = ndjson(tmp_path / "orphan.ndjson", observation(known, 1))
    assert run(backing, orphan) == 3
    assert f"Patient/{known}: not known" in capsys.readouterr().err
    patients = ndjson(tmp_path / "patients.ndjson", person(known))
    assert run(backing, patients) == 0
    assert run(backing, orphan, tenant="lakeside") == 3
    assert run(backing, patients) == 3
    assert "there already" in capsys.readouterr().err
    assert run(backing, orphan) == 0


@pytest.mark.slow
def test_the_contract_is_checked_when_asked(
    backing: Settings, tmp_path: Path, known: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = ndjson(tmp_path / "p.ndjson", person(known) | {"gender": "F"})
    assert run(backing, file, "--check") == 3
    assert "p.ndjson:1: gender" in capsys.readouterr().err
    assert run(backing, file) == 0


DEFINITIONS = """
    SELECT string_agg(pg_get_indexdef(indexrelid), ';' ORDER BY indexrelid::regclass::text)
    FROM pg_index
    WHERE indrelid IN ('platform.resources'::regclass, 'platform.identifiers'::regclass)
"""


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--rebuild-indexes", "--no-rebuild-indexes"])
def test_a_large_file_keeps_its_order_and_the_indexes(
    backing: Settings, tmp_path: Path, known: str, option: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    before = ask(backing, DEFINITIONS)
    many = [observation(known, n) for n in range(3_000)]
    file = ndjson(tmp_path / "large.ndjson", person(known), *many)
    assert run(backing, file, option) == 0
    order = "SELECT array_agg(id ORDER BY sequence) FROM platform.resources WHERE patient = $1"
    assert ask(backing, order, known) == [known, *(each["id"] for each in many)]
    for spoilt, exit_code, sentence in (
        (ndjson(tmp_path / "bad.ndjson", person(f"{known}x"), *many[:-1], {}), 3, ":3001: "),
        (ndjson(tmp_path / "twice.ndjson", person(f"{known}x"), *many), 3, "there already: Key"),
    ):
        assert run(backing, spoilt, option) == exit_code
        assert sentence in capsys.readouterr().err
        assert (
            ask(backing, "SELECT count(*) FROM platform.resources WHERE id = $1", f"{known}x") == 0
        )
    assert ask(backing, DEFINITIONS) == before


@pytest.mark.slow
def test_the_server_has_the_last_word_about_meta(
    backing: Settings, tmp_path: Path, known: str
) -> None:
    metas = [
        None, {}, {"source": "urn:x"}, {"versionId": "7", "source": "urn:x"},
        {"lastUpdated": "1999-01-01T00:00:00Z"}, {"source": 'a "meta":{ b'},
    ]  # fmt: skip
    inner = {"resourceType": "Basic", "meta": {"source": "urn:x"}}
    lines = [
        json.dumps(observation(known, n) | {"meta": meta, "contained": [inner] * (n % 2)})
        for n, meta in enumerate(metas)
    ]
    tight = [json.dumps(json.loads(line), separators=(",", ":")) for line in lines]
    tight = [line.replace(f"{known}-o", f"{known}-t") for line in tight]
    file = ndjson(tmp_path / "meta.ndjson", person(known))
    with file.open("a", encoding="utf-8") as stream:
        stream.write("\n".join([*lines, *tight]))
    assert run(backing, file) == 0
    stored = "SELECT content::text FROM platform.resources WHERE id = $1"
    for n, meta in enumerate(metas):
        for way in "ot":
            content = json.loads(ask(backing, stored, f"{known}-{way}{n}"))
            own = content["meta"]
            assert own.pop("versionId") == "1"
            assert own.pop("lastUpdated") > "2000"
            assert own == {k: v for k, v in (meta or {}).items() if k == "source"}
            assert content["contained"] == [inner] * (n % 2)


@pytest.mark.slow
def test_packed_and_columnar_files(backing: Settings, tmp_path: Path, known: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    packed = tmp_path / "p.ndjson.gz"
    packed.write_bytes(gzip.compress(json.dumps(person(known)).encode()))
    as_json, as_columns = tmp_path / "json.parquet", tmp_path / "columns.parquet"
    texts = [json.dumps(observation(known, 1), indent=1)]
    parquet.write_table(pa.table({"resource": texts}), as_json)
    rows = [observation(known, n) for n in (2, 3)]
    parquet.write_table(pa.Table.from_pylist(rows), as_columns)
    assert run(backing, packed, as_json, as_columns) == 0
    count = "SELECT count(*) FROM platform.resources WHERE patient = $1"
    assert ask(backing, count, known) == 4


@pytest.mark.slow
def test_what_cannot_be_read_at_all(
    backing: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.parquet").write_bytes(b"no")
    (tmp_path / "x.csv").write_text("a")
    assert run(backing, tmp_path / "x.parquet") == 3
    assert run(backing, tmp_path / "x.csv") == 3
    assert run(backing, tmp_path / "none.ndjson") == 1
    assert main(["x.ndjson", "--tenant", "t", "--url", "postgresql://127.0.0.1:1/x"]) == 1
    assert "error: " in capsys.readouterr().err


def test_the_database_must_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PLATFORM_POSTGRES_URL", raising=False)
    assert main(["x.ndjson", "--tenant", "t", "--data", str(tmp_path)]) == 2
    assert "--url" in capsys.readouterr().err
    (tmp_path / "postgres.url").write_text("postgresql://127.0.0.1:1/x\n")
    assert main(["x.ndjson", "--tenant", "t", "--data", str(tmp_path)]) == 1


@pytest.mark.slow
def test_a_line_of_any_spelling_can_be_read_and_searched(
    start: Start, backing: Settings, tmp_path: Path, known: str
) -> None:
    observed = json.dumps(resource("Observation", known) | {"id": f"{known}-o"})
    odd = f'{observed[:-1]}, "status": "amended", "\\u006deta" : {{"source": "urn:x"}}}}'
    file = ndjson(tmp_path / "odd.ndjson", person(known))
    with file.open("a", encoding="utf-8") as lines:
        lines.write(odd)
    assert run(backing, file) == 0
    with start("production").client() as client:
        for status, count in (("amended", 1), ("final", 0)):
            query = {"patient": known, "status": status, "code": "http://loinc.org|59408-5"}
            answer = client.get("/v1/fhir/Observation", params=query)
            assert answer.json()["total"] == count
        read = client.get(f"/v1/fhir/Observation/{known}-o")
        assert read.text.count("meta") == 1
        assert read.json()["meta"]["source"] == "urn:x"
        assert read.headers["Last-Modified"].endswith("GMT")
        assert client.get(f"/v1/patients/{known}/chart").json()["observations"] == [read.json()]
