"""Where content is found: the user's folders first, then the ones that ship with the package."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from codeblue.errors import UsageError

CONFIGURATION = "codeblue.toml"
RUNS = Path(".codeblue") / "runs"
"""Where the runs of a workspace are."""


def builtin_root() -> Path:
    """The folder with the built-in content.

    In an installed wheel it is ``codeblue/_builtin``; in a checkout it is the root of the
    repository, which is itself a workspace.
    """
    shipped = Path(__file__).parent / "_builtin"
    return shipped if shipped.is_dir() else Path(__file__).parents[2]


def workspace_root(start: Path | None = None) -> Path:
    """The nearest folder from ``start`` upwards that holds a ``codeblue.toml``.

    Raises:
        UsageError: no such folder.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / CONFIGURATION).is_file():
            return folder
    raise UsageError(
        f"{here}: no {CONFIGURATION} here or in any folder above. "
        f"Run from a workspace, or write a {CONFIGURATION} that describes your platform."
    )


def find(relative: str | Path, workspace: Path | None = None) -> Path:
    """The path of a piece of content, e.g. ``scenarios/journeys/booking.py``.

    Raises:
        UsageError: neither the workspace nor the built-in content has it.
    """
    for root in _roots(workspace):
        if (root / relative).exists():
            return root / relative
    raise UsageError(f"{relative}: not found in the workspace, nor among the built-in content.")


def names(folder: str, pattern: str, workspace: Path | None = None) -> list[str]:
    """The stems of all content files in ``folder`` that match ``pattern``, sorted."""
    found = (path for root in _roots(workspace) for path in (root / folder).glob(pattern))
    return sorted({path.stem for path in found if not path.name.startswith("_")})


def load_module(path: Path) -> ModuleType:
    """Import a content file by path, under a name of its own; ``sys.path`` stays as it is."""
    digest = sha256(str(path.resolve()).encode()).hexdigest()[:12]
    name = f"codeblue_content_{path.stem}_{digest}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path}: not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _roots(workspace: Path | None) -> Iterator[Path]:
    with suppress(UsageError):
        yield workspace or workspace_root()
    yield builtin_root()
