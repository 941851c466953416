"""Reads the files of ``synthetic_data/``; a mistake is reported with its file and line."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from codeblue.errors import UsageError, did_you_mean


class Content(BaseModel):
    """Base of everything read from a file: no unknown keys, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


ContentT = TypeVar("ContentT", bound=Content)


def read_text(path: Path) -> str:
    """The text of a content file.

    Raises:
        UsageError: it cannot be read as UTF-8 text.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}). Save it as UTF-8 text.") from error


def read_toml(path: Path, model: type[ContentT]) -> ContentT:
    """A TOML file as ``model``.

    Raises:
        UsageError: it is no TOML, or a key is missing, unknown or wrong.
    """
    text = read_text(path)
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise UsageError(f"{path}:{line}: not valid TOML: {error}. Correct this line.") from error
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        raise UsageError(f"{path}:{_line_of(text, where)}: {_advice(error, model)}") from error


def read_table(path: Path, model: type[ContentT]) -> list[ContentT]:
    """The rows of a CSV file, each as ``model``; row ``n`` (from 0) stands on line ``n + 2``.

    Raises:
        UsageError: a column is missing or unknown, a value is wrong, or there is no row.
    """
    reader = csv.DictReader(read_text(path).splitlines(), restkey="(surplus)", strict=True)
    try:
        rows = [model.model_validate(row) for row in reader]
    except (csv.Error, ValidationError) as error:
        advice = _advice(error, model) if isinstance(error, ValidationError) else f"{error}."
        raise UsageError(f"{path}:{reader.reader.line_num}: {advice}") from error
    if not rows:
        raise UsageError(f"{path}:1: holds no rows. Add one line for each row below the header.")
    return rows


def _advice(error: ValidationError, model: type[Content]) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    match first["type"]:
        case "missing":
            return f'"{key}" is missing. Add it.'
        case "extra_forbidden":
            top = len(first["loc"]) == 1
            advice = did_you_mean(key, model.model_fields) if top else "Remove it."
            return f'"{key}" is not known. {advice}'
        case _:
            return f'"{key}" is {first["input"]!r}: {first["msg"]}. Correct it.'


def _line_of(text: str, where: Sequence[int | str]) -> int:
    """The line of the key at ``where``, e.g. ``("institutions", 1, "share")``, or its table's."""
    lines = text.splitlines()
    line = 0
    for part, following in zip(where, [*where[1:], None], strict=True):
        if isinstance(following, int):
            headers = [n for n, row in enumerate(lines) if row.strip() == f"[[{part}]]"]
            line = headers[following] if following < len(headers) else line
        elif isinstance(part, str):
            keys = (n for n, row in enumerate(lines[line:], line) if _assigns(row, part))
            line = next(keys, line)
    return line + 1


def _assigns(row: str, key: str) -> bool:
    return re.match(rf"\s*{re.escape(key)}\s*=", row) is not None
