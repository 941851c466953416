"""Corrupt: some bytes arrive changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import ClassVar

from codeblue.proxy.toxics.stage import Stage

MILLION = 1_000_000

BLOCK = 4096
"""Bytes of the stream whose changes are drawn at once; chunks take them as they need them."""

DIGITS = 3
"""The share of changed bytes is drawn to so many digits of base 256."""

ONES = int.from_bytes(b"\1" * BLOCK, "little")
"""A one for each byte of a block."""


class Corrupt(Stage):
    """Replaces `rate` bytes per million by other values; length and order stay.

    Which bytes of the stream, and by what, follows from the connection's seed, however the
    stream is cut into chunks. Values outside of 0 to a million work as the nearest of them.
    """

    kind = "corrupt"
    units: ClassVar[Mapping[str, str]] = {"rate": "bytes per million"}
    limits: ClassVar[Mapping[str, tuple[int, int]]] = {"rate": (0, MILLION)}
    _changes = b""
    """For the bytes to come: 0 where one stays, else what it is combined with."""

    def data(self, chunk: bytes, at: float) -> None:
        """Pass the chunk on with its share of changes."""
        if self.values["rate"] > 0:
            chunk = _combined(chunk, self._take(len(chunk)))
        self.output.data(chunk, at)

    def changed(self) -> None:
        """Draw anew with the new rate."""
        self._changes = b""

    def _take(self, length: int) -> bytes:
        missing = length - len(self._changes)
        blocks = [self._block() for _ in range(0, missing, BLOCK)]
        changes = b"".join([self._changes, *blocks])
        self._changes = changes[length:]
        return changes[:length]

    def _block(self) -> bytes:
        """The changes of one block.

        A byte changes when a random fraction is below the share. Both are compared digit by
        digit, a block at a time, because a step of Python per byte would hold up everybody.
        """
        changing = 0
        for digit in _digits(min(self.values["rate"], MILLION)):
            drawn = _number(self.random.randbytes(BLOCK).translate(_table(digit)))
            changing = (drawn >> 1 & ONES) | (drawn & changing)
        others = _number(self.random.randbytes(BLOCK)) | ONES  # 0 would leave a byte as it is
        return (others & changing * 255).to_bytes(BLOCK, "little")


def _digits(rate: int) -> tuple[int, ...]:
    """The share as a fraction of base 256, last digit first; the first one is 256 for all."""
    share = rate * 256**DIGITS // MILLION
    low = tuple(share // 256**place % 256 for place in range(DIGITS - 1))
    return (*low, share // 256 ** (DIGITS - 1))


@cache
def _table(digit: int) -> bytes:
    """Byte -> 2 when it is below the digit, 1 when it is the digit, else 0."""
    return bytes(2 if byte < digit else int(byte == digit) for byte in range(256))


def _combined(chunk: bytes, changes: bytes) -> bytes:
    return (_number(chunk) ^ _number(changes)).to_bytes(len(chunk), "little")


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")
