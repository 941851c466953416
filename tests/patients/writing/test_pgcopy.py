from __future__ import annotations

import struct

import numpy as np

from codeblue.patients.writing.pgcopy import CopyTable

TABLE = CopyTable("t", {"a": (">i8", "int8"), "b": ("?", "boolean"), "c": (">f4", "float4")}, "a")


def test_rows_are_the_bytes_of_the_manual() -> None:
    rows = TABLE.rows(2)
    rows["a"], rows["b"], rows["c"] = [1, -2], [True, False], [1.5, -0.25]
    row = struct.Struct(">hiqi?if")
    assert rows.tobytes() == row.pack(3, 8, 1, 1, True, 4, 1.5) + row.pack(
        3, 8, -2, 1, False, 4, -0.25
    )


def test_rows_have_any_shape_and_one_layout() -> None:
    flat, deep = TABLE.rows(6), TABLE.rows(2, 3)
    for rows in (flat, deep):
        rows["a"] = np.arange(6).reshape(rows.shape)
        rows["b"], rows["c"] = False, 0
    assert flat.tobytes() == deep.tobytes()


def test_the_key_is_there_when_it_is_wanted() -> None:
    assert TABLE.create("s", keyed=False) == (
        'CREATE TABLE "s".t (a int8 NOT NULL, b boolean NOT NULL, c float4 NOT NULL)'
    )
    assert TABLE.create("s", keyed=True).endswith("c float4 NOT NULL, PRIMARY KEY (a))")
