from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.render import render
from codeblue.render._templates import code_span, escape_markdown


@given(st.text())
def test_a_value_cannot_break_out_of_a_markdown_cell(value: str) -> None:
    escaped = str(escape_markdown(value))
    assert not set(escaped) & {"<", ">", "\n", "\r"}
    assert "|" not in escaped.replace("\\|", "")


def test_names_stay_readable() -> None:
    assert escape_markdown("schema_validation of *all* <b>") == (
        r"schema_validation of \*all\* &lt;b&gt;"
    )
    assert code_span("a `b` | c") == r"`a 'b' \| c`"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "codeblue.toml").touch()
    (tmp_path / "reports").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_workspace_may_bring_its_own_page(workspace: Path, empty: Path) -> None:
    (workspace / "reports" / "report.html.j2").write_text("Ours: {{ headline }}")
    render(empty)
    assert (empty / "report.html").read_text() == "Ours: No verdict on the platform."


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("report.html.j2", "{{ nothing_of_that_name }}", "nothing_of_that_name"),
        ("report.md.j2", "{% if %}", "report.md.j2"),
        ("risks.toml", "= broken", "not valid TOML"),
        ("wording.toml", "[headline]", "headline"),
    ],
)
def test_broken_content_is_one_sentence(
    workspace: Path, empty: Path, name: str, text: str, said: str
) -> None:
    (workspace / "reports" / name).write_text(text)
    with pytest.raises(UsageError, match=said):
        render(empty)
