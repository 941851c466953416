"""Numpy columns as Arrow arrays, over the same memory where that is possible.

``pyarrow.array`` would do as well, but imports pandas: 50 MB and a third of a second per process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeblue.patients.rows import Text

if TYPE_CHECKING:
    import pyarrow as pa


def numbers(values: NDArray[Any]) -> pa.Array:
    """Whole or floating-point numbers."""
    import pyarrow as pa

    kind = pa.from_numpy_dtype(values.dtype)
    buffers = [None, pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)


def texts(values: Text) -> pa.Array:
    """Strings; the bytes must be UTF-8 without NULs."""
    import pyarrow as pa

    ends = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum(np.strings.str_len(values).astype(np.int32), out=ends[1:])
    data: Any = np.ascontiguousarray(values)
    if ends[-1] < data.nbytes:
        data = bytearray(data.view(np.uint8)).translate(None, b"\0")
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def repeated(value: bytes, times: int) -> pa.Array:
    """One string so many times, as a dictionary of one."""
    import pyarrow as pa

    indices = numbers(np.zeros(times, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, texts(np.array([value])))
