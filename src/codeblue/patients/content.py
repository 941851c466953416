"""Reads the files of ``synthetic_data/``; a mistake is reported with its file and line."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from codeblue.errors import UsageError, did_you_mean


class Content(BaseModel):
    """Base of everything read from a file: no unknown keys, no changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


ContentT = TypeVar("ContentT", bound=Content)

_HEADER = re.compile(r"\s*\[\[?(?P<name>[^\[\]]+)\]\]?\s*(#.*)?$")


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
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        raise UsageError(f"{path}:{line_of(text, where)}: {_advice(error, model)}") from error
    except (ValueError, RecursionError) as error:
        found = re.search(r"line (\d+)", str(error))
        line = int(found[1]) if found else len(text.splitlines())
        raise UsageError(f"{path}:{line}: not valid TOML: {error}. Correct this line.") from error


def read_table(path: Path, model: type[ContentT]) -> list[ContentT]:
    """The rows of a CSV file, each as ``model``; row ``n`` (from 0) stands on line ``n + 2``.

    Raises:
        UsageError: a column is missing or unknown, a value is wrong, or there is no row.
    """
    numbered = _lines_of_cells(path)
    _, header = next(numbered, (1, []))
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise UsageError(f'{path}:1: "{twice[0]}" heads two columns. Remove one of them.')
    rows = [_row(path, line, header, cells, model) for line, cells in numbered]
    if not rows:
        raise UsageError(f"{path}:1: holds no rows. Add one line for each row below the header.")
    return rows


def _lines_of_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The cells of each line of a CSV file, by its number; a row is one line, and none is empty."""
    lines = re.split(r"\r\n|\n|\r", read_text(path).removeprefix("\ufeff"))
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            raise UsageError(f"{path}:{number}: this line is empty. Remove it.")
        try:
            (cells,) = csv.reader([line], strict=True)
        except csv.Error as error:
            raise UsageError(f"{path}:{number}: {error}. Correct this line.") from error
        yield number, cells


def _row(
    path: Path, line: int, header: list[str], cells: list[str], model: type[ContentT]
) -> ContentT:
    if len(cells) > len(header):
        raise UsageError(
            f"{path}:{line}: {len(cells)} values under {len(header)} columns. "
            "Remove the surplus, or put a value with commas in double quotes."
        )
    try:
        return model.model_validate(dict(zip(header, cells, strict=False)))
    except ValidationError as error:
        raise UsageError(f"{path}:{line}: {_advice(error, model)}") from error


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


def line_of(text: str, where: Sequence[int | str]) -> int:
    """The line of the key at ``where``, e.g. ``("institutions", 1, "share")``, or of its table.

    It is found below ``[a.b]`` and ``[[a]]`` headers; what stands in inline tables is found at
    the key that holds them.
    """
    lines = text.splitlines()
    begin, keys = 0, where
    for depth in range(len(where), 0, -1):
        header = _header(lines, where[:depth])
        if header is not None:
            begin, keys = header + 1, where[depth:]
            break
    end = next((n for n, _ in _headers(lines) if n >= begin), len(lines))
    named = [key for key in keys if isinstance(key, str)]
    found = (n for n in range(begin, end) if named and _assigns(lines[n], named[0]))
    return next(found, max(begin - 1, 0)) + 1


def _headers(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Place and name of every ``[a.b]`` and ``[[a]]``."""
    matches = ((n, _HEADER.match(line)) for n, line in enumerate(lines))
    return [(n, match["name"].replace(" ", "")) for n, match in matches if match]


def _header(lines: Sequence[str], where: Sequence[int | str]) -> int | None:
    """The place of the header of the table at ``where``, when it has one of its own."""
    name = ".".join(part for part in where if isinstance(part, str))
    places = [n for n, named in _headers(lines) if named == name]
    index = next((part for part in reversed(where) if isinstance(part, int)), 0)
    return places[index] if index < len(places) else None


def _assigns(line: str, key: str) -> bool:
    """Whether the line sets ``key``, alone or as in ``key.other = ...``."""
    return re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[.=]", line) is not None
