"""A long run as it goes: a picture on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text


class Screen(ABC):
    """Where people look while something runs; ``quiet`` shows nothing.

    ``live`` says whether there is a terminal to draw on; ``status`` what happens now, and ``said``
    what was told so far.
    """

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = Console(quiet=True) if quiet else console
        self._began = time.monotonic()
        self.live = console.is_terminal and not quiet
        self.status = ""
        self.said: list[Text] = []

    @abstractmethod
    def picture(self) -> RenderableType:
        """What a terminal shows now."""

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw until the block is left; the picture then goes, and a summary takes its place."""
        with live(self._console, self.picture) if self.live else nullcontext():
            yield

    def doing(self, text: str) -> None:
        """What happens now."""
        self.status = text
        if not self.live:
            self.line(Text(text))

    def tell(self, text: str, style: str = "") -> None:
        """What was found on the way; it stays on the screen."""
        self.said.append(Text(text, style))
        if not self.live:
            self.line(Text(text, style))

    def line(self, text: Text) -> None:
        """Print ``text`` for good."""
        self._console.print(Text.assemble(f"{self.clock()}  ", text), soft_wrap=True)

    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def clock(self) -> str:
        """The time since the beginning, as mm:ss."""
        return clock(self.elapsed())


def live(console: Console, picture: Callable[[], RenderableType]) -> Live:
    """Draws what ``picture`` returns, again and again, until its block is left."""
    return Live(get_renderable=picture, console=console, refresh_per_second=4, transient=True)


def clock(seconds: float) -> str:
    """``seconds`` as mm:ss."""
    whole, rest = divmod(int(seconds), 60)
    return f"{whole:02d}:{rest:02d}"
