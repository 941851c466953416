from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.patients.tables import load_tables
from codeblue.workspace import find


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(find("synthetic_data/tables"), tmp_path / "synthetic_data" / "tables")
    return tmp_path


def change(workspace: Path, table: str, old: str, new: str) -> None:
    path = workspace / "synthetic_data" / "tables" / f"{table}.csv"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("table", "old", "new", "line", "advice"),
    [
        ("age_bands", "5,9,", "6,9,", 3, "must start at age 5"),
        ("age_bands", "0,4,18400235,9011950", "0,4,18400235,19011950", 2, "more females"),
        ("conditions", ",40,59,52.5", ",39,59,52.5", 3, "stands in another row too"),
        ("conditions", ",40,59,52.5", ",59,40,52.5", 3, "ends before it starts"),
        ("conditions", "23.4", "123.4", 2, "less than or equal to 100"),
        ("conditions", "38341003", "Q38341003", 2, "snomed"),
        ("conditions_by_sex", "asthma", "asthmas", 3, "no rows in conditions.csv"),
        ("vital_signs", "8867-4", "8867", 2, "loinc"),
        ("vital_signs", ",0,59,36.57", ",1,59,36.57", 1, "no row for age 0"),
    ],
)
def test_a_mistake_is_located(
    workspace: Path, table: str, old: str, new: str, line: int, advice: str
) -> None:
    change(workspace, table, old, new)
    with pytest.raises(UsageError) as raised:
        load_tables(workspace)
    assert f"{table}.csv:{line}: " in str(raised.value)
    assert advice in str(raised.value)


def test_a_table_without_sources_is_refused(workspace: Path) -> None:
    change(workspace, "vital_signs", ",source", "")
    with pytest.raises(UsageError, match=r"vital_signs\.csv"):
        load_tables(workspace)
