from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

import reference_platform
from reference_platform.decisions import Decisions
from reference_platform.profiles import SWITCHES, parse


def test_every_switch_is_a_decision_and_every_decision_a_switch() -> None:
    assert len(SWITCHES) == 30
    assert tuple(field.name for field in fields(Decisions)) == SWITCHES


@pytest.mark.parametrize(("number", "switch"), list(enumerate(SWITCHES, start=1)))
def test_a_decision_says_what_it_is_and_shows_both_variants(number: int, switch: str) -> None:
    module = import_module(f"reference_platform.decisions.{switch}")
    first, blank, *harm = (module.__doc__ or "").splitlines()
    assert re.match(rf'Switch {number}, ".+": ', first), first
    assert blank == ""
    assert harm[0].startswith("Without it ")
    assert module.Pilot.__doc__
    assert module.Production.__doc__


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_profile_changes_the_decision_that_it_names_and_no_other(switch: str) -> None:
    production = Decisions.choose(parse("production"))
    minus = Decisions.choose(parse(f"production-{switch}"))
    changed = [name for name in SWITCHES if variant(minus, name) != variant(production, name)]
    assert changed == [switch]


def variant(decisions: Decisions, name: str) -> str:
    return type(getattr(decisions, name)).__name__


def test_nobody_else_asks_what_the_profile_is() -> None:
    root = Path(reference_platform.__file__).parent
    askers = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and (node.attr == "has" or (node.attr == "on" and isinstance(node.value, ast.Name)))
    }
    assert askers <= {"decisions/__init__.py", "profiles.py"}
