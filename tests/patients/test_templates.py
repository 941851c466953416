from __future__ import annotations

from pathlib import Path

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients.templates import compile_hl7, compile_json

HEAD = "MSH|^~\\&|APP\nPID|1||{number}||{family}^{given}\n"
# What an HL7 field may hold; the library under comparison does not unescape hexadecimal.
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)


def write(folder: Path, text: str) -> Path:
    path = folder / "template"
    path.write_text(text, "utf-8")
    return path


def test_json_values_keep_their_type(tmp_path: Path) -> None:
    render = compile_json(write(tmp_path, '{"a": ["{x}"], "b": "{y} stays"}'), ("x", "y"))
    assert render({"x": 1.5, "y": 2}) == {"a": [1.5], "b": "{y} stays"}
    assert render({"x": ["l"], "y": 2}) == {"a": [["l"]], "b": "{y} stays"}


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ('{"a": 1,\n "b": "{famly}"}', 2, 'Did you mean "family"?'),
        ('{"a": 1,\n "b": }', 2, "not valid JSON"),
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


@given(family=VALUES, given_name=VALUES)
def test_any_name_survives_the_delimiters(
    tmp_path_factory: pytest.TempPathFactory, family: str, given_name: str
) -> None:
    path = write(tmp_path_factory.mktemp("hl7"), HEAD)
    render = compile_hl7(path, ("number", "family", "given"))
    message = hl7.parse(render({"number": 7, "family": family, "given": given_name}))
    assert message.unescape(str(message["PID"][0][5][0][0])) == family
    assert message.unescape(str(message["PID"][0][5][0][1])) == given_name


def test_a_line_end_in_a_value_starts_no_segment(tmp_path: Path) -> None:
    render = compile_hl7(write(tmp_path, HEAD), ("number", "family", "given"))
    message = render({"number": 1, "family": "A\rPV1|1", "given": "B\nC"})
    assert message.count("\r") == 2
    assert "\n" not in message
