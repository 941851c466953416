"""What can be wrong with a file."""

from __future__ import annotations


class InputError(Exception):
    """A file that cannot be loaded: `file:line: what is wrong`. Nothing of it was stored."""

    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence, line)
        self.sentence = sentence
        self.line = line

    def at(self, file: str) -> str:
        """The sentence with its place."""
        place = file if self.line is None else f"{file}:{self.line}"
        return f"{place}: {self.sentence}"
