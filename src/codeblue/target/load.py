"""Reading ``codeblue.toml``: one clear sentence for every way in which it can be wrong."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from codeblue.errors import UsageError, did_you_mean
from codeblue.target.model import Edge, Objective, Process, Start, Target, Tenant
from codeblue.workspace import CONFIGURATION

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from codeblue.target.variables import Variables

_TABLES: dict[str, type[BaseModel]] = {
    "tenants": Tenant,
    "edges": Edge,
    "processes": Process,
    "objectives": Objective,
}
_TOP = ("target", *_TABLES)


def load_target(workspace: Path, variables: Variables) -> Target:
    """The target described by the ``codeblue.toml`` of ``workspace``, placeholders resolved.

    Raises:
        UsageError: the file is missing, is not TOML, or does not describe a target.
    """
    tree = variables.resolve(_read(workspace / CONFIGURATION))
    for section in tree:
        if section not in _TOP:
            raise UsageError(
                f"{CONFIGURATION}: unknown section [{section}]. {did_you_mean(section, _TOP)}"
            )
    if "target" not in tree:
        raise UsageError(
            f"{CONFIGURATION}: the section [target] is missing. Add name and base_url."
        )
    tables = {name: _named(name, tree.get(name, {})) for name in _TABLES}
    return _validate(Target, {**tree["target"], **tables})


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path}: not found. Run from a workspace, or write one that describes your platform."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}). Save it as UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: not valid TOML. {error}.") from error


def _named(section: str, table: Any) -> dict[str, Any]:
    """Sub-tables of ``[edges.*]``, each told its own name."""
    if section != "edges" or not isinstance(table, dict):
        return dict(table)
    return {
        name: {"name": name, **entry} if isinstance(entry, dict) else entry
        for name, entry in table.items()
    }


def _validate(model: type[Target], values: dict[str, Any]) -> Target:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(_sentence(error.errors()[0])) from error


def _sentence(error: ErrorDetails) -> str:
    *path, key = [str(part) for part in error["loc"]] or ["target"]
    section = ".".join(path if path and path[0] in _TABLES else ["target", *path])
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(key, _model_at(path).model_fields)
        return f'{CONFIGURATION} [{section}]: unknown key "{key}". {hint}'
    if error["type"] == "missing":
        return f'{CONFIGURATION} [{section}]: the key "{key}" is missing. Add it.'
    message = error["msg"].removeprefix("Value error, ")
    return f"{CONFIGURATION} [{section}] {key}: {message}."


def _model_at(path: list[str]) -> type[BaseModel]:
    if not path:
        return Target
    return Start if path[0] == "start" else _TABLES.get(path[0], Target)
