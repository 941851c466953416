"""How far a generation is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from codeblue.patients.writing import Written

if TYPE_CHECKING:
    from typing import Self

_EVERY = 10.0  # seconds between two lines


class Meter:
    """Adds up what was written, and shows how much of ``size`` persons that is."""

    def __init__(self, console: Console, size: int) -> None:
        self._bar = Progress(
            TextColumn("persons"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=size)
        self._console = console
        self._size = size
        self._said_at = time.monotonic()
        self.total = Written()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def add(self, written: Written) -> None:
        """One more shard is there."""
        self.total += written
        self._bar.advance(self._task, written.persons)
        if not self._console.is_terminal and time.monotonic() - self._said_at > _EVERY:
            self._said_at = time.monotonic()
            share = self.total.persons / self._size
            self._console.print(f"{self.total.persons:,} of {self._size:,} persons ({share:.0%})")
