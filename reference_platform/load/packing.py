"""The binary format of COPY: the server reads it in half the time that it needs for text.

https://www.postgresql.org/docs/current/sql-copy.html
"""

from __future__ import annotations

from datetime import UTC, datetime

NULL = b"\xff\xff\xff\xff"
"""The field that holds nothing."""
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
"""What the data of a COPY begin and end with."""
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY, _SECOND = 86_400_000_000, 1_000_000  # microseconds


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


def bigint(value: int) -> bytes:
    """A `bigint`."""
    return b"\0\0\0\10" + value.to_bytes(8, "big", signed=True)


def timestamptz(moment: datetime) -> bytes:
    """A `timestamptz`: microseconds since 2000."""
    since = moment - _EPOCH
    return bigint(since.days * _DAY + since.seconds * _SECOND + since.microseconds)


def jsonb(json: bytes) -> bytes:
    """A `jsonb`, in version 1 of its format."""
    return (len(json) + 1).to_bytes(4, "big") + b"\1" + json
