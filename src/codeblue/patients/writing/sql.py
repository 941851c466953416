"""The tables as scripts for psql: CREATE TABLE, and the rows as the data of a COPY."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np

from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows, Value, table_rows
from codeblue.patients.templates.layouts import Gap, Layout, Padding
from codeblue.patients.writing.writer import Writer


class SqlTables(Writer):
    """A script per institution and table; any number of them may go into one database.

    All columns are text, because dirt is text; an empty one is NULL.
    """

    suffix = "sql"
    known = table_rows.TABLES

    def write(self, persons: Persons, institution: int) -> None:
        """Write the rows of one institution."""
        made = table_rows.rows(self.population, persons, institution, self.wanted)
        for rows in self.spoil(made):
            self.stream(institution, table_rows.TABLE_OF[rows.resource]).write(_lines(rows))

    def open(self, name: str) -> BinaryIO:
        """A new script that has everything but the rows, and their end."""
        stream = super().open(name)
        table = name.rpartition("/")[2].partition(".")[0]
        stream.write(_head(table, table_rows.COLUMNS[table]))
        return stream

    def close(self) -> None:
        """Write the mark that ends the data of each COPY."""
        for stream in self.streams.values():
            stream.write(b"\\.\n")
        super().close()


def _head(table: str, columns: Sequence[str]) -> bytes:
    names = [f'"{name}"' for name in columns]
    typed = ", ".join(f"{name} text" for name in names)
    return (
        "SET client_encoding = 'UTF8';\n"
        f"CREATE TABLE IF NOT EXISTS {table} ({typed});\n"
        f"COPY {table} ({', '.join(names)}) FROM stdin WITH (NULL '');\n"
    ).encode()


def _lines(rows: Rows) -> bytearray:
    """A line for each row, its texts separated by tabs."""
    pieces = [_piece(name, value) for name, value in rows.fields.items()]
    layout = Layout(_between(pieces, b"\t", b"\n"))
    lines = np.empty((len(rows), layout.width), dtype=np.uint8)
    layout.write({n: v for n, v in rows.fields.items() if not isinstance(v, bytes)}, lines)
    return bytearray(lines.data).translate(None, b"\0")


def _piece(name: str, value: Value) -> bytes | Gap:
    return value if isinstance(value, bytes) else Gap(name, value.itemsize, Padding.NULS)


def _between(pieces: Sequence[bytes | Gap], mark: bytes, end: bytes) -> Iterator[bytes | Gap]:
    for piece, following in zip(pieces, [mark] * (len(pieces) - 1) + [end], strict=True):
        yield piece
        yield following
