"""Labels: the truth about every piece of dirt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from codeblue.patients.arrow import numbers
from codeblue.patients.dirt.kind import texts
from codeblue.patients.rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa


class Label(NamedTuple):
    """One place of one record or message that says ``after`` where ``before`` is true.

    ``record`` is the id of the resource or message, ``place`` the name of its field. When a place
    is spoiled twice, the second label's ``before`` is the first one's ``after``.
    """

    person: int
    copy: int
    institution: int
    resource: str
    part: str
    record: str
    place: str
    kind: str
    before: str
    after: str


Found = tuple[int, str, str, str, str]
"""A change as it is found: row, place, kind, before and after."""


@dataclass
class Labels:
    """Labels in the order in which the dirt was made, kept column by column."""

    columns: dict[str, list[Any]] = field(
        default_factory=lambda: {name: [] for name in Label._fields}
    )

    def __len__(self) -> int:
        return len(self.columns["kind"])

    @property
    def rows(self) -> list[Label]:
        """The labels one by one."""
        return [Label(*row) for row in zip(*self.columns.values(), strict=True)]

    @classmethod
    def join(cls, several: Iterable[Labels]) -> Labels:
        """All of them, one after the other."""
        joined = cls()
        for labels in several:
            for name, column in labels.columns.items():
                joined.columns[name] += column
        return joined

    def add(self, rows: Rows, found: Sequence[Found]) -> None:
        """Write down what was changed in ``rows``."""
        if not found:
            return
        row, place, kind, before, after = zip(*found, strict=True)
        chosen = np.array(row)
        identifier = "id" if "id" in rows.fields else "control_id"
        values: dict[str, Sequence[Any]] = {
            "person": rows.person[chosen].tolist(),
            "copy": rows.copy[chosen].tolist(),
            "institution": [rows.institution] * len(found),
            "resource": [rows.resource] * len(found),
            "part": [rows.part] * len(found),
            "record": texts(rows, identifier, chosen),
            "place": place,
            "kind": kind,
            "before": before,
            "after": after,
        }
        for name, column in values.items():
            self.columns[name] += column

    def counts(self) -> Counter[str]:
        """How many there are of each kind."""
        return Counter(self.columns["kind"])

    def table(self) -> pa.Table:
        """A table with a column for each part of a label."""
        import pyarrow as pa

        arrays = [
            numbers(np.array(self.columns[column.name], dtype=column.type.to_pandas_dtype()))
            if pa.types.is_integer(column.type)
            else _strings(self.columns[column.name])
            for column in schema()
        ]
        return pa.Table.from_arrays(arrays, schema=schema())


def _strings(values: Sequence[str]) -> pa.Array:
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in encoded], out=ends[1:])
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def schema() -> pa.Schema:
    """The columns of the table of labels, the same for every part of a run."""
    import pyarrow as pa

    whole = {"person": pa.int64(), "copy": pa.int8(), "institution": pa.int16()}
    return pa.schema([(name, whole.get(name, pa.string())) for name in Label._fields])
