"""The formats by name."""

from __future__ import annotations

from codeblue.patients.writing.hl7 import Hl7
from codeblue.patients.writing.ndjson import Ndjson, NdjsonZstd
from codeblue.patients.writing.parquet import ParquetTables
from codeblue.patients.writing.sql import SqlTables
from codeblue.patients.writing.writer import Writer

FORMATS: dict[str, type[Writer]] = {
    writer.suffix: writer for writer in (Ndjson, NdjsonZstd, ParquetTables, Hl7, SqlTables)
}
