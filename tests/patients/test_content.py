from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.patients.content import Content, line_of, read_table, read_text, read_toml


class Row(Content):
    name: str
    size: int


class Outer(Content):
    rows: tuple[Row, ...]
    size: int


def write(folder: Path, text: str) -> Path:
    path = folder / "file"
    path.write_text(text, "utf-8")
    return path


def test_a_table_becomes_rows(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "name,size\na,1\nb,2\n"), Row) == [
        Row(name="a", size=1),
        Row(name="b", size=2),
    ]


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("name,size\na,1\nb,many\n", 3, "\"size\" is 'many'"),
        ("name,size\na\n", 2, '"size"'),
        ("name,size\na,1,9\n", 2, "3 values under 2 columns"),
        ("name,size\na,1\n\nb,2\n", 3, "this line is empty"),
        ("name,name\na,b\n", 1, "heads two columns"),
        ('name,size\n"a\nb",2\n', 2, "unexpected end of data"),
        ("name,siz\na,1\n", 2, '"size" is missing'),
        ('name,size\n"a,1\n', 2, "unexpected end of data"),
        ("name,size\n", 1, "holds no rows"),
    ],
)
def test_a_mistake_in_a_table_is_located(tmp_path: Path, text: str, line: int, advice: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_table(write(tmp_path, text), Row)
    assert f"file:{line}: " in str(raised.value)
    assert advice in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("size = 1\nsise = 2\n[[rows]]\nname = 'a'\nsize = 1\n", 2, 'Did you mean "size"?'),
        ("size = 1\n[[rows]]\nname = 'a'\nsize = 1\n[[rows]]\nname = 'b'\nsize = 'x'\n", 7, "'x'"),
        ("size = 1\n[[rows]]\nname = 'a'\nsize = 1\n[[rows]]\nname = 'b'\n", 5, "is missing"),
        ("size = 1\n[[rows]]\nname = 'a'\nsize = 1\nextra = 1\n", 5, "Remove it."),
        ("size = \n", 1, "not valid TOML"),
        ("rows = [\nsize = 1\n", 2, "not valid TOML"),
        (f"rows = {'[' * 5000}\n", 1, "not valid TOML"),
        (f"size = {'9' * 5000}\n", 1, "not valid TOML"),
    ],
)
def test_a_mistake_in_toml_is_located(tmp_path: Path, text: str, line: int, advice: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_toml(write(tmp_path, text), Outer)
    assert f"file:{line}: " in str(raised.value)
    assert advice in str(raised.value)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="Save it as UTF-8 text"):
        read_text(path)


TOML = """\
title = "x"
rows = [1, 2]
hl7.version = "2.5"

[workflows.outpatient]   # the usual
share = 1

[ workflows . inpatient ]
share = 2
other.deep = 1

[[rows.inner]]
size = 1

[[rows.inner]]
name = "b"
size = 2

[last]
share = 3
"""


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("title",), 1),
        (("rows", 1), 2),
        (("hl7", "version"), 3),
        (("workflows", "outpatient"), 5),
        (("workflows", "outpatient", "share"), 6),
        (("workflows", "inpatient", "share"), 9),
        (("workflows", "inpatient", "other", "deep"), 10),
        (("rows", "inner", 0, "name"), 12),
        (("rows", "inner", 1, "size"), 17),
        (("last", "share"), 20),
        (("last", "missing"), 19),
        (("missing",), 1),
        ((), 1),
    ],
)
def test_a_key_is_found_below_its_header(where: tuple[int | str, ...], line: int) -> None:
    assert line_of(TOML, where) == line


def test_a_table_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_table(write(tmp_path, "\ufeffname,size\r\na,1\r\n"), Row) == [Row(name="a", size=1)]
