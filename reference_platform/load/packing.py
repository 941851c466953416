"""The binary format of COPY: the server reads it in half the time that it needs for text.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from struct import Struct

NULL = b"\xff\xff\xff\xff"
"""The field that holds nothing."""
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
"""What the data of a COPY begin and end with."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000  # microseconds
_BIGINT = 8  # bytes


def columns(count: int) -> bytes:
    """How a row of `count` fields begins."""
    return count.to_bytes(2, "big")


def field(value: bytes) -> bytes:
    """A value of a row."""
    return len(value).to_bytes(4, "big") + value


def text(value: str | None) -> bytes:
    """A `text`."""
    return NULL if value is None else field(value.encode())


def integer(value: int) -> bytes:
    """An `integer`."""
    return b"\0\0\0\4" + value.to_bytes(4, "big", signed=True)


def keys(
    before: bytes, numbers: Iterable[int], first: Iterable[str], second: Iterable[str]
) -> list[bytes]:
    """Of every row `before`, a `bigint`, and two values of type `text` in ASCII."""
    size = len(before)
    return [
        _layout(size, len(a), len(b))(
            before, _BIGINT, number, len(a), a.encode(), len(b), b.encode()
        )
        for number, a, b in zip(numbers, first, second, strict=True)
    ]


@cache
def _layout(before: int, first: int, second: int) -> Callable[..., bytes]:
    return Struct(f">{before}siqi{first}si{second}s").pack


def timestamps(moments: Iterable[datetime | None]) -> list[bytes]:
    """Values of type `timestamptz`: microseconds since 2000."""
    pack = Struct(">iq").pack
    return [
        NULL
        if moment is None
        else pack(
            _BIGINT,
            (since := moment - _EPOCH).days * _DAY + since.seconds * _SECOND + since.microseconds,
        )
        for moment in moments
    ]


def lengths(values: Iterable[bytes]) -> list[bytes]:
    """What comes before each of the values of a column."""
    pack = Struct(">i").pack
    return [pack(len(value)) for value in values]
