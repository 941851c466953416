"""Rows of fixed width as PostgreSQL's binary COPY takes them, laid out by numpy.

See "Binary Format" of COPY in PostgreSQL's manual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Signature, no flags, no extension."""
TRAILER = b"\xff\xff"
EPOCH = np.datetime64("2000-01-01", "us")
"""Where PostgreSQL counts dates and times from."""


@dataclass(frozen=True)
class CopyTable:
    """A table of fixed-width columns that are never NULL: name -> (numpy type, SQL type)."""

    name: str
    columns: Mapping[str, tuple[str, str]]
    key: str

    def create(self, schema: str, *, keyed: bool) -> str:
        """The statement that creates it in ``schema``, with its primary key or without any."""
        columns = [f"{name} {sql} NOT NULL" for name, (_, sql) in self.columns.items()]
        if keyed:
            columns.append(f"PRIMARY KEY ({self.key})")
        return f'CREATE TABLE "{schema}".{self.name} ({", ".join(columns)})'

    def rows(self, *shape: int) -> NDArray[Any]:
        """So many rows with all but their values: assign to the fields named as the columns."""
        packed = np.empty(shape, self._layout)
        packed["fields"] = len(self.columns)
        for name, (numpy_type, _) in self.columns.items():
            packed[f"{name} length"] = np.dtype(numpy_type).itemsize
        return packed

    @cached_property
    def _layout(self) -> np.dtype[Any]:
        layout = [("fields", ">i2")]
        for name, (numpy_type, _) in self.columns.items():
            layout += [(f"{name} length", ">i4"), (name, numpy_type)]
        return np.dtype(layout)
