"""From a collected test to what the check is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeblue.checks import RISKS, CheckMeta
from codeblue.errors import UsageError, did_you_mean


def keywords_of(item: pytest.Item) -> set[str]:
    """What ``-k`` may call the check by, besides its test's name: id, risk and decisions."""
    meta = getattr(item, "meta", None)
    marker = item.get_closest_marker("check")
    given = vars(meta) if isinstance(meta, CheckMeta) else marker.kwargs if marker else {}
    return {given[key] for key in ("id", "risk") if key in given} | set(given.get("examines", ()))


def meta_of(item: pytest.Item, workspace: Path) -> CheckMeta | None:
    """What the check marked on ``item`` is; None for an ordinary test.

    Raises:
        UsageError: the marker misses something, or names an unknown risk.
    """
    given = getattr(item, "meta", None)
    if isinstance(given, CheckMeta):
        return given
    marker = item.get_closest_marker("check")
    return _from_marker(item, dict(marker.kwargs), workspace) if marker else None


def _from_marker(item: pytest.Item, given: dict[str, Any], workspace: Path) -> CheckMeta:
    missing = [key for key in ("id", "title", "risk") if key not in given]
    if missing:
        raise UsageError(f"{item.nodeid}: its check marker has no {missing[0]}. Add it.")
    if given["risk"] not in RISKS:
        hint = did_you_mean(given["risk"], RISKS)
        raise UsageError(f'{item.nodeid}: unknown risk "{given["risk"]}". {hint}')
    return CheckMeta(
        id=given["id"],
        title=given["title"],
        risk=given["risk"],
        examines=tuple(given.get("examines", ())),
        suite=given.get("suite", "quick"),
        source=_source(item, workspace),
    )


def _source(item: pytest.Item, workspace: Path) -> str:
    """What to hand to pytest to run this check again, relative to the workspace when it can be."""
    path = item.path.relative_to(workspace) if item.path.is_relative_to(workspace) else item.path
    name = getattr(item, "originalname", None)
    return f"{path}::{name}" if name else str(path)
