from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.load.planning.mix import WORKFLOWS, mixed
from codeblue.workspace import builtin_root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "codeblue.toml").touch()
    (tmp_path / "scenarios" / "journeys").mkdir(parents=True)
    return tmp_path


def write(workspace: Path, text: str) -> None:
    (workspace / WORKFLOWS).write_text(text)


@settings(max_examples=25)  # each reads the tables
@given(st.sampled_from(["clinic", "hospital", "laboratory", "telehealth"]), st.floats(0.01, 1e4))
def test_a_mix_has_the_rate_that_was_asked_for(institution: str, rate: float) -> None:
    found = mixed(institution, rate, builtin_root())
    assert sum(found.values()) == pytest.approx(rate)
    assert min(found.values()) > 0


def test_a_mix_weighs_journeys_by_the_shares_of_the_workflows(workspace: Path) -> None:
    write(
        workspace,
        "[outpatient]\nbooking = 1\nchart-review = 2\n"
        "[telehealth]\nbooking = 1\n[laboratory]\nchart-review = 4\nordering = 0\n",
    )
    # The clinic's shares: outpatient 0.80, telehealth 0.05, laboratory 0.15.
    found = mixed("clinic", 100, workspace)
    booking, charts = 0.80 + 0.05, 0.80 * 2 + 0.15 * 4
    assert found == pytest.approx(
        {
            "booking": 100 * booking / (booking + charts),
            "chart-review": 100 * charts / (booking + charts),
        }
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[outpatient]\nbooking = 1", 'no table for "telehealth"'),
        ("[outpatient]\n[telehealth]\n[laboratory]\nx = 0", "lead to no journey"),
        ("[outpatient]\nbooking = -1", "outpatient.booking: .*greater than or equal"),
        ("outpatient = 3", "outpatient: .*dictionary"),
        ("[outpatient", "not valid TOML"),
    ],
)
def test_a_wrong_table_says_where_and_what(workspace: Path, text: str, words: str) -> None:
    write(workspace, text)
    with pytest.raises(UsageError, match=rf"workflows.toml: .*{words}"):
        mixed("clinic", 10, workspace)


def test_an_unknown_institution_names_the_nearest_one() -> None:
    with pytest.raises(UsageError, match='Did you mean "hospital"'):
        mixed("hospitals", 10, builtin_root())
