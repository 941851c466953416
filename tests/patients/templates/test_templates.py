from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hl7
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients.rows import Rows, Value
from codeblue.patients.templates import Template, compile_hl7, compile_json
from codeblue.patients.templates.text import words

# What rows hold: neither quotes, backslashes, control characters nor delimiters of HL7.
BARE = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters='"\\|^~&')
)
VALUES = st.lists(st.tuples(BARE, BARE, st.integers(0, 9999)), min_size=1, max_size=6)
# What a constant may hold: the library under comparison does not unescape hexadecimal.
CONSTANTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
RESOURCE = """{
  "name": [{"family": "{family}", "given": ["{ given }", "second"]}],
  "text": {"div": "{given} {family}!"},
  "count": "{count}"
}
"""
HEAD = "MSH|^~\\&|APP\nPID|1||{number}||{family}^{given}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "template"
    path.write_text(text, "utf-8")
    return path


def rows(size: int, /, **fields: Value) -> Rows:
    places = np.arange(size)
    return Rows("Patient", 0, places, places, fields)


def lines(template: Template, of: Rows) -> list[Any]:
    return [json.loads(line) for line in bytes(template.render(of)).splitlines()]


@pytest.fixture(scope="module")
def resource(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = write(tmp_path_factory.mktemp("json"), RESOURCE)
    return compile_json(path, ("family", "given", "count"), numbers=("count",))


@given(values=VALUES)
def test_every_row_is_one_line_and_what_is_empty_is_left_out(
    resource: Template, values: list[tuple[str, str, int]]
) -> None:
    families, given_names, counts = zip(*values, strict=True)
    found = lines(
        resource,
        rows(
            len(values),
            family=words(families),
            given=words(given_names),
            count=words(map(str, counts)),
        ),
    )
    for line, family, given_name, count in zip(found, *zip(*values, strict=True), strict=True):
        name = {"family": family, "given": [given_name, "second"]}
        if not family:
            del name["family"]
        if not given_name:
            name["given"] = ["second"]
        whole = {"text": {"div": f"{given_name} {family}!"}} if family and given_name else {}
        assert line == {"name": [name], **whole, "count": count}


@given(values=VALUES, cut=st.integers(0, 6))
def test_a_part_of_the_rows_is_a_part_of_the_text(
    resource: Template, values: list[tuple[str, str, int]], cut: int
) -> None:
    families, given_names, counts = (list(column) for column in zip(*values, strict=True))
    columns = {
        "family": words(families),
        "given": words(given_names),
        "count": words(map(str, counts)),
    }
    halves = (slice(None, cut), slice(cut, None))
    parts = [
        line
        for half in halves
        for line in lines(
            resource, rows(len(families[half]), **{n: c[half] for n, c in columns.items()})
        )
    ]
    assert parts == lines(resource, rows(len(values), **columns))


@given(constant=CONSTANTS)
def test_a_constant_is_escaped_as_json_wants_it(resource: Template, constant: str) -> None:
    found = lines(
        resource, rows(1, family=constant.encode(), given=words(["Ada"]), count=words(["1"]))
    )
    assert found[0]["name"][0]["family"] == constant
    assert found[0]["text"]["div"] == f"Ada {constant}!"


def test_a_constant_with_braces_is_no_placeholder(resource: Template) -> None:
    found = lines(resource, rows(1, family=b"{given}", given=b"{count}", count=b"1"))
    assert found[0]["name"] == [{"family": "{given}", "given": ["{count}", "second"]}]


def test_an_empty_constant_takes_along_what_holds_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, '{"a": [{"b": "{x}", "c": ["{x}"]}, {"b": "{y}"}], "d": {"e": "{x}"}}')
    template = compile_json(path, ("x", "y"))
    assert lines(template, rows(1, x=b"", y=b"1")) == [{"a": [{"b": "1"}]}]
    assert lines(template, rows(1, x=b"", y=words([""]))) == [{}]


def test_text_of_full_width_needs_no_copy(resource: Template) -> None:
    full = rows(2, family=words(["ab", "cd"]), given=words(["x", "y"]), count=words(["1", "20"]))
    assert isinstance(resource.render(full), memoryview)
    assert lines(resource, full)[1]["text"] == {"div": "y cd!"}


def test_no_rows_are_no_text(resource: Template) -> None:
    none = words([])
    assert bytes(resource.render(rows(0, family=none, given=none, count=none))) == b""


def test_the_template_says_what_it_has_a_place_for(resource: Template) -> None:
    assert set(resource.fields) == {"family", "given", "count"}
    assert rows(1, family=b"a", other=b"b").only(resource.fields).fields == {"family": b"a"}


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ('{"a": 1,\n "b": "{famly}"}', 2, 'Did you mean "family"?'),
        ('{"a": 1,\n "b": "{given-name}"}', 2, 'Did you mean "given"?'),
        ('{"a": 1,\n "{given}": 1}', 2, "Only a value"),
        ('{"a": 1,\n "b": }', 2, "not valid JSON"),
        ('{"a": NaN}', 1, "not valid JSON"),
        ("[1]", 1, "not a JSON object"),
    ],
)
def test_a_mistake_in_json_is_located(tmp_path: Path, text: str, line: int, advice: str) -> None:
    with pytest.raises(UsageError) as raised:
        compile_json(write(tmp_path, text), ("family", "given"))
    assert f"template:{line}: " in str(raised.value)
    assert advice in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("PID|1\n", 1, "Begin with the MSH segment"),
        ("MSH|^~\\&|APP\nPID|{nmber}\n", 2, 'Did you mean "number"?'),
    ],
)
def test_a_mistake_in_hl7_is_located(tmp_path: Path, text: str, line: int, advice: str) -> None:
    with pytest.raises(UsageError) as raised:
        compile_hl7(write(tmp_path, text), ("number",))
    assert f"template:{line}: " in str(raised.value)
    assert advice in str(raised.value)


@given(family=CONSTANTS, values=VALUES)
def test_any_constant_survives_the_delimiters(
    tmp_path_factory: pytest.TempPathFactory, family: str, values: list[tuple[str, str, int]]
) -> None:
    template = compile_hl7(
        write(tmp_path_factory.mktemp("hl7"), HEAD), ("number", "family", "given")
    )
    given_names = [given_name for _, given_name, _ in values]
    framed = bytes(
        template.render(
            rows(len(values), number=b"7", family=family.encode(), given=words(given_names))
        )
    )
    parts = framed.split(b"\x1c\r")
    assert parts.pop() == b""
    for part, given_name in zip(parts, given_names, strict=True):
        assert part.startswith(b"\x0bMSH|")
        message = hl7.parse(part[1:].decode())
        assert message.unescape(str(message["PID"][0][5][0][0])) == family
        assert str(message["PID"][0][5][0][1]) == given_name


def test_a_line_end_in_a_constant_starts_no_segment(tmp_path: Path) -> None:
    template = compile_hl7(write(tmp_path, HEAD), ("number", "family", "given"))
    message = bytes(template.render(rows(1, number=b"1", family=b"A\rPV1|1", given=b"B\nC")))
    assert message.strip(b"\x0b\x1c\r").count(b"\r") == 1
    assert b"\n" not in message


def test_a_segment_is_repeated_for_each_name(tmp_path: Path) -> None:
    path = write(tmp_path, "MSH|^~\\&|APP\nOBX|{set}|{value}|{number}\nNTE|1\n")
    template = compile_hl7(path, ("number",), ("set", "value"), ("glucose", "heart-rate"))
    fields: dict[str, Value] = {
        "number": b"9",
        "glucose/set": b"1",
        "glucose/value": words(["90", "101"]),
        "heart-rate/set": b"2",
        "heart-rate/value": words(["", "7"]),
    }
    assert bytes(template.render(rows(2, **fields))).split(b"\x1c\r")[:2] == [
        b"\x0bMSH|^~\\&|APP\rOBX|1|90|9\rOBX|2||9\rNTE|1\r",
        b"\x0bMSH|^~\\&|APP\rOBX|1|101|9\rOBX|2|7|9\rNTE|1\r",
    ]
