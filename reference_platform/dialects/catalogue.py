"""All dialects that are known, and which of them a message is in."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from reference_platform.dialects.dialect import Dialect, DialectError
from reference_platform.dialects.header import Header

DEFAULT = "default"
_GLANCE = 1.0  # seconds between two looks at the folder
_log = structlog.get_logger("reference_platform")


class Catalogue:
    """The dialects that ship with the platform, and those in `folder`, which win.

    A file that comes, changes or goes there counts within a second. Raises DialectError when made
    from a file that is wrong; later such a file is logged, and what was known stays.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._seen = _stamps(folder)
        self._looked = time.monotonic()
        self._dialects = _load(folder)

    def find(self, header: Header) -> Dialect:
        """The dialect that fits most closely; the default fits every message."""
        self._look()
        ranked = ((dialect.match.rank(header), dialect) for dialect in self._dialects)
        fitting = [(rank, dialect) for rank, dialect in ranked if rank is not None]
        return max(fitting, key=lambda pair: pair[0])[1]

    def names(self) -> list[str]:
        """The dialects, by name."""
        return [dialect.name for dialect in self._dialects]

    def _look(self) -> None:
        if self._folder is None or time.monotonic() - self._looked < _GLANCE:
            return
        self._looked = time.monotonic()
        if (stamps := _stamps(self._folder)) == self._seen:
            return
        self._seen = stamps
        try:
            self._dialects = _load(self._folder)
        except DialectError as error:
            _log.warning("dialects not changed", reason=str(error))


def _load(folder: Path | None) -> list[Dialect]:
    if folder and not folder.is_dir():
        raise DialectError(f"{folder}: no folder. Make it, or leave PLATFORM_DIALECTS out.")
    own = resources.files("reference_platform.dialects").iterdir()
    files: dict[str, Traversable] = _toml(own) | (_toml(folder.iterdir()) if folder else {})
    tables = {name: _table(file) for name, file in sorted(files.items())}
    default = tables[DEFAULT]
    return [_dialect(name, files[name], _over(default, tables[name])) for name in tables]


def _toml(files: Iterable[Traversable]) -> dict[str, Traversable]:
    return {file.name.removesuffix(".toml"): file for file in files if file.name.endswith(".toml")}


def _table(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DialectError(f"{file.name}: cannot be read as TOML: {error}.") from None


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`own` where it says something, `base` elsewhere; a list or a value is said as a whole."""
    both = dict(base)
    for key, value in own.items():
        below = base.get(key)
        nested = isinstance(value, dict) and isinstance(below, dict)
        both[key] = _over(below, value) if nested and below is not None else value
    return both


def _dialect(name: str, file: Traversable, table: dict[str, Any]) -> Dialect:
    try:
        return Dialect.model_validate(table | {"name": name})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise DialectError(f"{file.name}: {key}: {first['msg']}.") from None


def _stamps(folder: Path | None) -> list[tuple[str, int, int]]:
    """What changes when a file of the folder does."""
    if folder is None:
        return []
    found = [(path.name, path.stat()) for path in folder.glob("*.toml")]
    return sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)
