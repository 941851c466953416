"""The documents are true: their commands exist, their examples run, and nothing is left out."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from codeblue.cli import main
from codeblue.patients.content import Content
from codeblue.patients.dirt import KINDS
from codeblue.patients.institutions import Profile
from codeblue.patients.population_files import PopulationFile
from codeblue.target import Variables, load_target
from codeblue.target.model import Edge, Objective, Process, Section, Start, Target, Tenant
from codeblue.verdict import ExitCode
from reference_platform.profiles import SWITCHES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

# Ordinary tools whose own options are theirs to document.
_ELSEWHERE = (".", "uv")

WorkspaceFactory = Callable[..., Path]


def commands() -> Iterator[tuple[str, list[str]]]:
    for page in PAGES:
        for line in re.findall(r"^\$ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
            yield str(page.relative_to(ROOT)), shlex.split(line)


def block(page: str, language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert found, f"{page} has no {language} example"
    return found[1]


@pytest.mark.parametrize(("page", "words"), list(commands()), ids=lambda value: str(value)[:60])
def test_every_command_in_the_documents_exists(page: str, words: list[str]) -> None:
    tool, *arguments = words
    if tool == "codeblue":
        command: click.Command = main
        while isinstance(command, click.Group):
            name, *arguments = arguments
            command = command.commands[name]
        command.make_context(name, arguments)
    elif tool == "make":
        assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
    elif tool in ("pytest", "chaos", "locust"):
        paths = [word for word in arguments if "/" in word or word in ("scenarios", "experiments")]
        assert paths
        assert all((ROOT / path).exists() for path in paths)
    else:
        assert tool in _ELSEWHERE, page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_every_command_and_option_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/command-line.md").read_text()
    for name, command in main.commands.items():
        assert f"codeblue {name}" in text
        for parameter in command.params:
            if isinstance(parameter, click.Option) and name == "assess":
                assert any(option in text for option in parameter.opts), parameter.opts


def test_every_exit_code_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/command-line.md").read_text()
    for code in ExitCode:
        assert f"| {int(code)} |" in text


@pytest.mark.parametrize("section", [Target, Start, Tenant, Edge, Process, Objective])
def test_every_key_of_the_configuration_is_in_the_reference(section: type[Section]) -> None:
    text = (ROOT / "docs/reference/codeblue-toml.md").read_text()
    sections = {"start", "tenants", "edges", "processes", "objectives"}
    for key in section.model_fields:
        if key not in sections and (section, key) != (Edge, "name"):
            assert f"`{key}`" in text, key


def test_every_kind_of_event_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/journal.md").read_text()
    sources = (path.read_text() for path in (ROOT / "src/codeblue").rglob("*.py"))
    kinds = {kind for source in sources for kind in re.findall(r'\.event\(\s*"([a-z-]+)"', source)}
    assert {"run-started", "fault-injected", "ledger"} <= kinds
    assert not {kind for kind in kinds if f"`{kind}`" not in text}


def test_the_configuration_for_a_platform_of_ones_own_loads(tmp_path: Path) -> None:
    (tmp_path / "codeblue.toml").write_text(block("docs/how-to/assess-your-platform.md", "toml"))
    assert load_target(tmp_path, Variables()).name == "Our platform, staging"


@pytest.mark.slow
def test_the_scenario_that_the_documents_teach_runs(make_workspace: WorkspaceFactory) -> None:
    workspace = make_workspace(block("docs/how-to/write-a-check.md", "python"))
    command = [sys.executable, "-m", "codeblue.cli", "assess", "--profile", "production"]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 20 requests failed" in done.stdout


def test_every_decision_is_in_the_reference_in_its_order() -> None:
    text = (ROOT / "docs/reference/decisions.md").read_text()
    rows = re.findall(r"^\| \d+ \| `(\w+)` \|", text, re.MULTILINE)
    assert rows == list(SWITCHES)


def test_the_decisions_that_checks_examine_are_named() -> None:
    text = (ROOT / "docs/reference/decisions.md").read_text()
    [paragraph] = re.findall(r"examined by checks.*?\n\n", text, re.DOTALL)
    checks = [*(ROOT / "scenarios").rglob("test_*.py"), *(ROOT / "experiments").rglob("*.yaml")]
    lists = [re.findall(r"examines\S? ?\[([^\]]*)\]", each.read_text()) for each in checks]
    examined = set(re.findall(r"\w+", " ".join(each for found in lists for each in found)))
    assert set(re.findall(r"`([a-z_]+)`", paragraph)) == examined


def test_every_kind_of_dirt_is_in_the_reference_in_its_order() -> None:
    text = (ROOT / "docs/reference/synthetic-data.md").read_text()
    section = text.partition("## Dirt")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE) == list(KINDS)


@pytest.mark.parametrize("model", [PopulationFile, Profile])
def test_every_key_of_the_synthetic_data_is_in_the_reference(model: type[Content]) -> None:
    text = (ROOT / "docs/reference/synthetic-data.md").read_text()
    for key in set(model.model_fields) - {"title", "utc_offset_minutes"}:
        assert re.search(rf"`{key}`|`\[+{key}(\.\*)?\]+`", text), key


def test_every_population_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/synthetic-data.md").read_text()
    for path in (ROOT / "synthetic_data/populations").glob("*.toml"):
        assert f"| `{path.stem}` |" in text
