"""The tables as Parquet: a file per institution and table, all columns text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codeblue.patients.arrow import repeated, texts
from codeblue.patients.people.persons import Persons
from codeblue.patients.rows import Rows, Value, table_rows
from codeblue.patients.writing.writer import Writer

if TYPE_CHECKING:
    import pyarrow as pa

# Rows of a table and institution that wait to be written together: many tables wait at a time.
_ROW_GROUP = 1 << 13
# A dictionary of these would be as long as the column.
_UNIQUE = frozenset({"id", "patient", "record_number"})
# Columns that vary from row to row; the others are handed over as dictionaries.
_PLAIN = _UNIQUE | {
    *("street", "phone", "birth_date", "effective", "value"),
    *("start", "end", "created", "onset", "authored"),
}


class ParquetTables(Writer):
    """Text, because dirt is text; a column that never varies takes a few bytes."""

    suffix = "parquet"
    known = table_rows.TABLES

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waiting: dict[tuple[int, str], list[Rows]] = {}
        self._files_of: dict[tuple[int, str], Any] = {}

    def write(self, persons: Persons, institution: int) -> None:
        """Write the tables of one institution."""
        made = table_rows.rows(self.population, persons, institution, self.wanted)
        for rows in self.spoil(made):
            key = institution, table_rows.TABLE_OF[rows.resource]
            waiting = self._waiting.setdefault(key, [])
            waiting.append(rows)
            if sum(map(len, waiting)) >= _ROW_GROUP:
                self._flush(key)

    def close(self) -> None:
        """Write the last rows and the footers."""
        for key in list(self._waiting):
            self._flush(key)
        for file in self._files_of.values():
            file.close()
        super().close()

    def _flush(self, key: tuple[int, str]) -> None:
        from pyarrow.parquet import ParquetWriter

        blocks = self._waiting.pop(key)
        table = _table(blocks, table_rows.COLUMNS[key[1]])
        if key not in self._files_of:
            repeated = [name for name in table.column_names if name not in _UNIQUE]
            self._files_of[key] = ParquetWriter(
                self.stream(*key), table.schema, compression="zstd", use_dictionary=repeated
            )
        self._files_of[key].write_table(table, row_group_size=table.num_rows)


def _table(blocks: Sequence[Rows], columns: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    sizes = [len(rows) for rows in blocks]
    return pa.table(
        {
            name: _column([rows.fields[name] for rows in blocks], sizes, plain=name in _PLAIN)
            for name in columns
        }
    )


def _column(values: Sequence[Value], sizes: Sequence[int], *, plain: bool) -> pa.ChunkedArray:
    import pyarrow as pa

    parts = [_part(value, size, plain=plain) for value, size in zip(values, sizes, strict=True)]
    return pa.chunked_array(parts) if plain else pa.chunked_array(parts).unify_dictionaries()


def _part(value: Value, size: int, *, plain: bool) -> pa.Array:
    if isinstance(value, bytes):
        same = repeated(value, size)
        return same.dictionary_decode() if plain else same
    return texts(value) if plain else texts(value).dictionary_encode()
