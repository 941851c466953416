"""Compiles the templates of ``synthetic_data/templates/``: text with ``{name}`` for a value.

A JSON template is one resource as its reader would see it. An element whose value is empty is left
out, and so is one of which nothing is left: FHIR knows no empty elements. An HL7 v2 template is one
message, a segment on each line, where an empty value is an empty field.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import orjson

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.content import read_text
from codeblue.patients.draws import Bools, Ints
from codeblue.patients.rows import Rows, Text, Value
from codeblue.patients.templates.layouts import SPACE, Layout, Memory
from codeblue.patients.templates.sources import PLACEHOLDER, Hl7Source, JsonSource, Shape, Source
from codeblue.patients.templates.text import Letters, letters

_LAYOUTS_KEPT = 128
_PACKED_AT_ONCE = 1024  # records; what is written stays in the cache until it is packed
_HEAD = "MSH|^~\\&|"
_NAME = re.compile(PLACEHOLDER.pattern + r'(?="\s*:)')
_NUL = 0

Values = Mapping[str, Value]


class Template:
    """A compiled template: writes all rows at once, into ``memory``."""

    def __init__(self, source: Source, memory: Memory | None = None) -> None:
        self._source = source
        self._lay_out = lru_cache(maxsize=_LAYOUTS_KEPT)(self._new_layout)
        self._memory = memory or Memory()

    @property
    def fields(self) -> tuple[str, ...]:
        """The values that the template has a place for."""
        return self._source.fields

    def render(self, rows: Rows) -> memoryview | bytearray:
        """The records of all rows, one after the other.

        A ``memoryview`` is valid until the next rendering into the same memory: what is rendered
        first must be written first.
        """
        values = {name: rows.fields[name] for name in self._source.fields}
        layout = self._layout(values)
        if all(_is_full(values[name]) for name in layout.packed):
            return self._written(layout, values, len(rows), SPACE).data
        packed = bytearray()
        for start in range(0, len(rows), _PACKED_AT_ONCE):
            some = slice(start, min(start + _PACKED_AT_ONCE, len(rows)))
            part = {name: v if isinstance(v, bytes) else v[some] for name, v in values.items()}
            text = self._written(layout, part, some.stop - some.start, _NUL)
            # Taking bytes out is twice as fast in a bytearray as in bytes.
            packed += bytearray(text.data).translate(None, b"\0")
        return packed

    def _written(self, layout: Layout, values: Values, count: int, padding: int) -> Letters:
        """So many records; ``padding`` stands where one of them lacks an element."""
        text = self._memory.take(count * layout.width)
        records = text.reshape(count, layout.width)
        self._write(layout, values, records)
        for some, without in self._left_out(values):
            self._overwrite(records, some, without, padding)
        return text

    def _layout(self, values: Values) -> Layout:
        return self._lay_out(tuple(_shape(value) for value in values.values()))

    def _new_layout(self, shapes: tuple[Shape, ...]) -> Layout:
        return Layout(self._source.pieces(dict(zip(self._source.fields, shapes, strict=True))))

    def _write(self, layout: Layout, values: Values, records: Letters) -> None:
        if len(records):
            columns = {name: v for name, v in values.items() if not isinstance(v, bytes)}
            layout.write(columns, records)

    def _left_out(self, values: Values) -> Iterator[tuple[Ints, Values]]:
        """The rows that lack a value, by which ones they lack; there, these are constants."""
        if not self._source.leaves_out:
            return
        empty = {name: _is_empty(v) for name, v in values.items() if not isinstance(v, bytes)}
        names = [name for name, rows in empty.items() if rows.any()]
        if not names:
            return
        # Which names a row lacks, as the bits of a number.
        bits = np.int64(1) << np.arange(len(names))
        lacking = np.column_stack([empty[name] for name in names]) @ bits
        for pattern in set(lacking.tolist()) - {0}:
            some = np.flatnonzero(lacking == pattern)
            without = {name: b"" for bit, name in enumerate(names) if pattern >> bit & 1}
            rest = {n: v if isinstance(v, bytes) else v[some] for n, v in values.items()}
            yield some, rest | without

    def _overwrite(self, records: Letters, some: Ints, values: Values, padding: int) -> None:
        """Write ``some`` of the records anew: without an element they are shorter than before."""
        layout = self._layout(values)
        shorter = np.empty((len(some), layout.width), dtype=np.uint8)
        self._write(layout, values, shorter)
        records[some, : layout.width - 1] = shorter[:, :-1]
        records[some, layout.width - 1 : -1] = padding


def compile_json(
    path: Path,
    fields: Collection[str],
    numbers: Collection[str] = (),
    memory: Memory | None = None,
) -> Template:
    """A JSON template; each record is one line.

    The fields among ``numbers`` are written without quotes when they are all of a string.

    Raises:
        UsageError: the file is no JSON object, or names a value that is not in ``fields``.
    """
    text = read_text(path)
    _check_placeholders(path, text, fields)
    try:
        tree = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"{path}:{error.lineno}: not valid JSON: {error.msg}. Correct it."
        ) from error
    if not isinstance(tree, dict):
        raise UsageError(f"{path}:1: not a JSON object. Write one resource in braces.")
    _check_names(path, text)
    return Template(JsonSource(tree, frozenset(numbers)), memory)


def compile_hl7(
    path: Path,
    fields: Collection[str],
    repeated: Collection[str] = (),
    names: Sequence[str] = (),
    memory: Memory | None = None,
) -> Template:
    """An HL7 v2 template; each record is a message framed for MLLP.

    A segment with one of the values ``repeated`` is written once for each of ``names``: there,
    ``{value}`` is the field ``<name>/value``.

    Raises:
        UsageError: the file does not begin with MSH, or names a value that is not known.
    """
    text = read_text(path)
    _check_placeholders(path, text, {*fields, *repeated})
    if not text.startswith(_HEAD):
        raise UsageError(f"{path}:1: does not begin with {_HEAD}. Begin with the MSH segment.")
    return Template(Hl7Source(_segments(text, repeated, names)), memory)


def _segments(text: str, repeated: Collection[str], names: Sequence[str]) -> Iterator[str]:
    for line in text.splitlines():
        if any(name in repeated for name in PLACEHOLDER.findall(line)):
            yield from (_about(name, line, repeated) for name in names)
        elif line:
            yield line


def _about(name: str, line: str, repeated: Collection[str]) -> str:
    def place(found: re.Match[str]) -> str:
        return f"{{{name}/{found[1]}}}" if found[1] in repeated else found[0]

    return PLACEHOLDER.sub(place, line)


def _check_placeholders(path: Path, text: str, fields: Collection[str]) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        for name in PLACEHOLDER.findall(line):
            if name not in fields:
                advice = did_you_mean(name, fields)
                raise UsageError(f'{path}:{number}: "{{{name}}}" is not known here. {advice}')


def _check_names(path: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        if found := _NAME.search(line):
            raise UsageError(
                f'{path}:{number}: "{found[0]}" names an element. '
                "Only a value can be taken from the population."
            )


def _shape(value: Value) -> Shape:
    return value if isinstance(value, bytes) else value.itemsize


def _is_full(text: Value) -> bool:
    """Whether every text is as wide as the widest."""
    return isinstance(text, bytes) or bool(letters(text)[:, -1].all())


def _is_empty(text: Text) -> Bools:
    return np.asarray(letters(text)[:, 0] == 0)
