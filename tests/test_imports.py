"""The walls of the house, read from the syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "src" / "codeblue"
CONTENT = ("scenarios", "experiments", "synthetic_data", "reports", "reference_platform")

# What each room may import of the others. ARCHITECTURE.md explains it; this list decides.
ROOMS = {
    "verdict": set(),
    "errors": {"verdict"},
    "workspace": {"errors"},
    "journal": {"errors", "workspace"},
    "target": {"errors", "workspace"},
    "mllp": set(),
    "proxy": {"errors"},
    "faults": {"errors", "journal"},
    "guardian": set(),
    "session_file": {"errors"},
    "session": {
        *("errors", "guardian", "journal", "session_file"),
        *("target", "verdict", "workspace"),
    },
    "load": {"errors", "journal", "mllp", "patients", "session", "target", "workspace"},
    "patients": {"errors", "mllp", "workspace"},
    "fuzz": {"errors", "session", "session_file"},
    "checks": {
        *("errors", "faults", "journal", "load", "mllp"),
        *("patients", "session", "verdict"),
    },
    "chaos": {
        *("checks", "errors", "faults", "journal", "load"),
        *("session", "target", "verdict", "workspace"),
    },
    "render": {"errors", "journal", "verdict", "workspace"},
    "ground": {"errors", "journal", "patients", "session"},
    "conclude": {"journal", "verdict"},
    "pytest_plugin": {
        *("chaos", "checks", "conclude", "errors", "ground", "journal"),
        *("render", "session", "target", "verdict", "workspace"),
    },
    "envelope": set(),
    "cli": {
        *("checks", "conclude", "envelope", "errors", "faults", "ground", "journal", "load"),
        *("patients", "proxy", "render", "session", "session_file", "target", "verdict"),
        "workspace",
    },
}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "_builtin" not in path.parts)


def room_of(path: Path) -> str:
    return path.relative_to(ENGINE).parts[0].removesuffix(".py")


def test_every_room_is_listed() -> None:
    assert {room_of(path) for path in files(ENGINE)} - {"__init__"} == set(ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_what_it_may(room: str) -> None:
    for path in files(ENGINE):
        if room_of(path) != room:
            continue
        used = {name.split(".")[1] for name in imports(path) if name.startswith("codeblue.")}
        assert used - {room} <= ROOMS[room], path


@pytest.mark.parametrize("path", files(ENGINE), ids=lambda path: str(path.relative_to(ENGINE)))
def test_the_engine_imports_no_content(path: Path) -> None:
    assert not {name.split(".")[0] for name in imports(path)} & set(CONTENT)


@pytest.mark.parametrize("folder", CONTENT)
def test_content_meets_other_content_by_name_only(folder: str) -> None:
    for path in files(ROOT / folder):
        tops = {name.split(".")[0] for name in imports(path)}
        assert not tops & (set(CONTENT) - {folder}), path
        if folder == "reference_platform":
            assert "codeblue" not in tops, path


def test_locust_is_imported_only_where_its_own_process_runs() -> None:
    users = {
        str(path.relative_to(ENGINE))
        for path in files(ENGINE)
        if any(name.split(".")[0] in ("locust", "gevent") for name in imports(path))
    }
    assert all(user.startswith(("load/_locust/", "load/journey")) for user in users), users


def test_nothing_of_the_harness_imports_what_imports_locust() -> None:
    only_there = {
        "codeblue.load.journey",
        "codeblue.load.journeys.desk",
        "codeblue.load.journeys.fhir",
    }
    for path in files(ENGINE):
        if not str(path.relative_to(ENGINE)).startswith(("load/_locust/", "load/journey")):
            assert not only_there & set(imports(path)), path
