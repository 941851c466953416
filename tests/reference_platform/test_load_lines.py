from __future__ import annotations

import json
import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.contract.primitives import ID_PATTERN
from reference_platform.load.errors import InputError
from reference_platform.load.lines import Stamp, read
from reference_platform.load.preparing import (
    ID_CHARACTERS,
    ID_LENGTH,
    RESOURCE_COLUMNS,
    Preparation,
    Prepared,
)
from reference_platform.load.reading import blocks
from reference_platform.rows import Row, nul

from .samples import Resource, resource

MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's
OWN = {"versionId": "1", "lastUpdated": "2026-05-01T12:00:00.000Z"}
KINDS = (
    "Patient", "Observation", "AllergyIntolerance", "Encounter", "Condition", "MedicationRequest",
    "Consent",
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
)
NAMES = st.sampled_from(["meta", "versionId", "lastUpdated", 'a "meta":{"', "contained", "é"])
OBJECTS = st.dictionaries(NAMES | st.text(max_size=5), JSON | st.dictionaries(NAMES, JSON))


def prepare(*lines: bytes, first: int = 0, check: bool = False) -> Prepared:
    return Preparation("riverside", MOMENT, check=check).prepare(first, b"\n".join(lines), 1000)


def line(known: str, **changes: Any) -> bytes:
    return json.dumps(resource("Observation", "p1") | {"id": known} | changes).encode()


def rows(prepared: Prepared) -> list[dict[str, bytes | None]]:
    """The rows of a COPY in binary, apart again."""
    data, place, found = b"".join(prepared.resources), 0, []
    while place < len(data):
        assert struct.unpack_from(">h", data, place) == (len(RESOURCE_COLUMNS),)
        place, values = place + 2, list[bytes | None]()
        for _ in RESOURCE_COLUMNS:
            (size,) = struct.unpack_from(">i", data, place)
            place += 4
            values.append(None if size < 0 else data[place : place + size])
            place += max(size, 0)
        found.append(dict(zip(RESOURCE_COLUMNS, values, strict=True)))
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "equal names"
    return dict(pairs)


def stamped(text: bytes) -> dict[str, Any]:
    (known,) = read([text])
    (content,) = Stamp(*OWN.values()).on([text], [known.meta])
    found: dict[str, Any] = json.loads(content, object_pairs_hook=once)
    return found


def expected(members: dict[str, Any]) -> dict[str, Any]:
    meta = members.get("meta")
    return members | {"meta": (meta if isinstance(meta, dict) else {}) | OWN}


@given(OBJECTS, st.booleans(), st.sampled_from([None, (",", ":")]))
def test_every_line_gets_one_meta(
    members: dict[str, Any], plain: bool, separators: tuple[str, str] | None
) -> None:
    members = {"resourceType": "Basic", "id": "1"} | members
    text = json.dumps(members, ensure_ascii=plain, separators=separators).encode()
    assert stamped(text) == expected(members)


@pytest.mark.parametrize(
    ("text", "meta"),
    [
        (b'{"m\\u0065ta":{"x":1},"id":"1"}', {"x": 1}),
        (b'{"meta" : {"x":1},"id":"1"}', {"x": 1}),
        (b'{"meta":{"\\u0076ersionId":"7","x":1},"id":"1"}', {"x": 1}),
        (b'{"meta":{"x":1},"id":"1","meta":{"x":1}}', {"x": 1}),
        (b'{"meta":{"x":1},"id":"1","meta":{"y":2}}', {"y": 2}),
        (b'{"contained":{"meta":{"x":1}},"meta":{"y":2}}', {"y": 2}),
        (b' \t{"id":"1","contained":[{"meta":{"x":1}}]} ', {}),
        (b'{"meta":{ },"id":"1"}', {}),
        (b'{"meta":null,"id":"1"}', {}),
        (b'{"meta":"\\"meta\\":{","id":"1"}', {}),
    ],
)
def test_a_meta_in_any_spelling_is_found(text: bytes, meta: dict[str, Any]) -> None:
    assert stamped(text)["meta"] == meta | OWN
    (row,) = rows(prepare(line("1").rstrip()[:-1] + b"," + text.strip()[1:]))
    assert json.loads(row["content"] or b"", object_pairs_hook=dict)["meta"] == meta | OWN


def test_numbers_stay_as_they_are_written() -> None:
    for meta in (b'"meta":{"x":1.50}', b'"meta" :{"x":1.50}', b'"status":"final"'):
        text = line("1")[:-1] + b',"n":1.500,"big":123456789012345678901234567890,' + meta + b"}"
        content = rows(prepare(text))[0]["content"] or b""
        assert b'"n":1.500,"big":123456789012345678901234567890' in content


def test_of_equal_names_the_last_one_counts() -> None:
    text = line("1")[:-1] + b',"id":"2","subject":{"reference":"Patient/p2"}}'
    (row,) = rows(prepare(text))
    assert (row["id"], row["patient"]) == (b"2", b"p2")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_is_what_the_services_would_have_written(kind: str) -> None:
    body: Resource = resource(kind, "p1") | {"id": "x1"}
    (found,) = rows(prepare(json.dumps(body).encode(), first=5))
    row = Row(kind, "x1", 1, body, MOMENT)
    assert row.date is not None
    since = (row.date - EPOCH) // timedelta(microseconds=1)
    texts = {"tenant": "riverside", "type": kind, "id": "x1", "patient": row.patient}
    texts |= {"family": row.family, "gender": row.gender}
    assert {name: found[name] for name in texts} == {
        name: None if text is None else text.encode() for name, text in texts.items()
    }
    assert found["date"] == struct.pack(">q", since)
    assert found["version"] == struct.pack(">i", 1)
    assert found["updated"] == struct.pack(">q", (MOMENT - EPOCH) // timedelta(microseconds=1))
    assert found["sequence"] == struct.pack(">q", 1005)
    assert json.loads(found["content"] or b"") == json.loads(row.json)


def test_rows_of_several_types_keep_their_places() -> None:
    bodies = [resource(kind, "p1") | {"id": f"x{n}"} for n, kind in enumerate(KINDS * 2)]
    lines = [json.dumps(each).encode() for each in bodies]
    found = {row["id"]: row for row in rows(prepare(*lines[:3], b"", b" \r", *lines[3:]))}
    assert len(found) == len(bodies)
    for n, kind in enumerate(KINDS * 2):
        row = found[f"x{n}".encode()]
        assert row["type"] == kind.encode()
        assert row["sequence"] == struct.pack(">q", 1000 + n + 2 * (n > 2))


@pytest.mark.parametrize("period", [{"end": "2026-01-01"}, {"start": "2026-01-01T00:00:00Z"}, None])
def test_when_something_began_may_be_open(period: Resource | None) -> None:
    text = line("1", effectiveDateTime=None, effectivePeriod=period)
    (row,) = rows(prepare(text))
    assert (row["date"] is None) == ("start" not in (period or {}))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (line("1", status="a\0b"), "\\u0000: a character"),
        (line("1", status="\ud800"), "not JSON"),
        (line("1").replace(b"final", b"fin\xffal"), "not JSON: not UTF-8"),
        (line("1").replace(b"final", b"fin\tal"), "not JSON"),
        (line("1")[:-1] + b',"x":01}', "not JSON"),
        (line("1")[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}", "not JSON"),
        (line("a" * 65), "id: missing"),
        (line(""), "id: missing"),
        (line("1\n"), "id: missing"),
        (line("é"), "id: missing"),
        (line("1", id=7), "id: missing"),
        (line("1", subject="Patient/1"), "subject: not"),
        (line("1", subject={"reference": 1}), "subject: not"),
        (line("1", subject={"reference": "Patient/"}), "subject: not"),
        (line("1", effectiveDateTime=5), "effectiveDateTime: not"),
        (line("1", effectiveDateTime="2026-13-01"), "effectiveDateTime: not"),
        (line("1", resourceType={}), "resourceType: not"),
    ],
)
def test_a_bad_line_among_good_ones_is_named(text: bytes, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        prepare(line("1"), b"", line("2"), text, line("3"), b"{", first=40)
    assert error.value.line == 44
    assert error.value.sentence.startswith(sentence)


def test_the_contract_is_asked_about_every_line() -> None:
    assert prepare(line("1"), line("2"), check=True).count == 2
    with pytest.raises(InputError) as error:
        prepare(line("1"), line("2", status="F"), check=True)
    assert error.value.line == 2


def test_an_escaped_backslash_is_no_nul() -> None:
    assert nul(rb'"a\\u0000"') is None
    assert nul(rb'"a\\\u0000"') is not None
    assert prepare(line("1", status="\\u0000")).count == 1


@given(st.text())
def test_what_has_a_nul_is_found(text: str) -> None:
    found = nul(json.dumps(text).encode())
    assert (found is not None) == ("\0" in text)


@given(st.text(st.characters(max_codepoint=0x180), max_size=3), st.integers(0, 66))
def test_ids_are_those_of_the_contract(text: str, padding: int) -> None:
    known = text + "a" * padding
    pattern = re.compile(ID_PATTERN.removesuffix("$") + r"\Z")
    mine = 0 < len(known) <= ID_LENGTH and not known.encode().translate(None, ID_CHARACTERS)
    assert mine == (pattern.match(known) is not None)


@pytest.mark.parametrize("ending", [b"", b"\n", b"\n\n"])
def test_a_file_is_read_in_whole_lines(tmp_path: Path, ending: bytes) -> None:
    lines = [b"%d " % n * 20_000 for n in range(30)]
    file = tmp_path / "long.ndjson"
    file.write_bytes(b"\n".join(lines) + ending)
    read = list(blocks(file))
    assert len(read) > 2
    assert [each for block in read for each in block.split(b"\n") if each] == lines
