"""The words of the reports, read from the ``reports`` folder: workspace first, then built-in."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import Any

from codeblue.errors import UsageError
from codeblue.workspace import find

Table = dict[str, Any]


@dataclass(frozen=True)
class Wording:
    """``risks`` and ``switches`` by their names in code; ``sentences`` by section and name."""

    risks: Table
    switches: Table
    sentences: Table

    def say(self, section: str, name: str, **facts: object) -> str:
        """The sentence with its blanks filled in.

        Raises:
            UsageError: ``reports/wording.toml`` has no such sentence, or an unknown blank.
        """
        try:
            return str(self.sentences[section][name]).format_map(facts)
        except (KeyError, ValueError, IndexError) as error:
            raise UsageError(
                f"reports/wording.toml [{section}] {name}: missing, or with an unknown blank "
                f"({error}). Compare with the built-in file."
            ) from error


def read_wording() -> Wording:
    """The three tables of words.

    Raises:
        UsageError: a file is missing, or is not TOML.
    """
    return Wording(_read("risks"), _read("switches"), _read("wording"))


def _read(name: str) -> Table:
    path = find(f"reports/{name}.toml")
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML ({error}). Correct that line.") from error
