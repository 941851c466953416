"""Files that appear under their names complete, or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import BinaryIO

PARTIAL = ".partial"
_BUFFER = 1 << 16


class ShardFiles:
    """The files of one shard below ``out``, written under temporary names.

    They get their own names when the block ends well, and are removed when it does not. What a
    killed process leaves behind ends in ``.partial``; ``sweep`` removes it.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._mark = token_hex(4)
        self._open: dict[Path, BinaryIO] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._open)

    def open(self, name: str) -> BinaryIO:
        """A new file to write to, ``name`` below ``out``; its folder is made when it is missing."""
        final = self._out / name
        final.parent.mkdir(parents=True, exist_ok=True)
        stream = self._temporary(final).open("wb", buffering=_BUFFER)
        self._open[final] = stream
        return stream

    def __enter__(self) -> ShardFiles:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._keep()
        finally:
            self._discard()

    def _keep(self) -> None:
        for stream in self._open.values():
            stream.close()
        for final in self._open:
            self.bytes += self._temporary(final).stat().st_size
            self._temporary(final).replace(final)

    def _discard(self) -> None:
        for final, stream in self._open.items():
            with suppress(OSError):  # closing writes what is left, and the disk may be full
                stream.close()
            self._temporary(final).unlink(missing_ok=True)

    def _temporary(self, final: Path) -> Path:
        return final.with_name(f".{final.name}.{self._mark}{PARTIAL}")


def sweep(out: Path) -> None:
    """Remove what interrupted runs left below ``out``."""
    for path in out.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)
