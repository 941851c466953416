from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.patients.tables import load_tables
from codeblue.workspace import find

GOUT = "gout,90560007,Gout,made up for this\n"
FORMER = "hypertension,urn:oid:1.2.3,401.9,Unspecified,1999-12-31,made up for this\n"


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
        ("races", "asian", "black", 5, '"black" stands in another row too'),
        ("races", "2028-9", "2028|9", 5, '"code" is'),
        ("conditions", "38341003", "Q38341003", 3, "snomed"),
        ("conditions", "copd,", f"{GOUT}copd,", 6, '"gout" has no row in conditions_by_age.csv'),
        ("conditions_by_age", ",40,59,52.5", ",39,59,52.5", 6, "stands in another row too"),
        ("conditions_by_age", ",40,59,52.5", ",59,40,52.5", 6, "ends before it starts"),
        ("conditions_by_age", "23.4", "123.4", 5, "less than or equal to 100"),
        ("conditions_by_sex", "asthma", "asthmas", 4, 'Did you mean "asthma"?'),
        ("conditions_by_sex", "copd", "asthma", 5, "stands in another row too"),
        ("comorbidities", ",asthma,", ",copd,", 4, '"copd" does not stand above "copd"'),
        ("comorbidities", ",asthma,", ",gout,", 4, 'given "gout" is not known'),
        ("medications", "hypertension", "hypertensoin", 4, 'Did you mean "hypertension"?'),
        ("medications", "314076", "lisinopril", 4, "rxnorm"),
        ("allergies", "8.0", "98.0", 3, "A person has at most one"),
        ("allergies", ",food,", ",meat,", 3, "category"),
        ("measurements", "8867-4", "8867", 2, "loinc"),
        ("measurements", "vital-signs", "vitals", 2, "category"),
        ("measurements_by_age", ",,0,59,36.57", ",,1,59,36.57", 1, "no row for age 0 (female)"),
        ("measurements_by_age", ",,0,59,36.57", ",male,0,59,36.57", 1, "age 0 (female)"),
        ("measurements_by_age", ",,60,99,36.34", ",,59,99,36.34", 14, "another row too"),
        ("measurements_by_age", ",0,0,129,14", ",0,0,,14", 2, "Write it"),
        (
            "measurements_by_age",
            "heart-rate,,0,0,129,14,80",
            "heart-rate,,0,0,129,14,200",
            2,
            "order",
        ),
        ("effects", "asthma", "astma", 8, 'Did you mean "asthma"?'),
        ("effects", "lisinopril", "hypertension", 3, "stands in another row too"),
        ("relations", ",hba1c,0,99,28.7,-46.7", ",hba1c,0,99,28.7,", 99, "Write it"),
        ("relations", ",hba1c,", ",heart-rate,", 2, '"heart-rate" itself follows another'),
        ("relations", "body-height,5", "creatinine,5", 5, "follows two others"),
        ("relations", ",8,,,", ",8,,3,", 7, "of the same unit"),
        ("relations", "body-height,5", "body-height,4", 5, "at age 4 stands in another row too"),
        ("workflows", "telehealth", "telehelth", 5, 'Did you mean "telehealth"?'),
        ("retired_codes", "asthma,", "astma,", 5, 'Did you mean "asthma"?'),
        ("retired_codes", "copd,", "gout,", 6, 'condition "gout" is not known. Known: asthma'),
        ("retired_codes", "401.9", "401|9", 3, '"code" is'),
        ("retired_codes", "2015-10-01", "1 October", 2, '"retired_on" is'),
        ("retired_codes", "hypertension,", f"{FORMER}hypertension,", 4, "another row too"),
        ("unit_confusions", "glucose,mg", "glucos,mg", 2, 'Did you mean "glucose"?'),
        ("unit_confusions", ",mg/dL,mmol", ",mg/dl,mmol", 2, 'Did you mean "mg/dL"?'),
        ("unit_confusions", ",mmol/L,mg/dL", ",mmol/L,mg/dl", 3, 'Did you mean "mg/dL"?'),
        ("unit_confusions", "creatinine,umol", "creatinine,mmol", 5, 'Did you mean "umol/L"?'),
        ("unit_confusions", ",cm,[in_i]", ",cm,K", 11, '"[in_i]" is no known unit of body-height'),
        ("unit_confusions", ",[in_i],cm", ",cm,[in_i]", 11, "stands in another row too"),
        ("unit_confusions", ",cm,[in_i]", ",cm,cm", 10, "stands for itself"),
        ("unit_confusions", "18.016", "0", 3, "greater than 0"),
        ("unit_confusions", "1.8,32", "1.8,", 12, '"offset" is'),
    ],
)
def test_a_mistake_is_located(
    workspace: Path, table: str, old: str, new: str, line: int, advice: str
) -> None:
    change(workspace, table, old, new)
    with pytest.raises(UsageError) as raised:
        load_tables(workspace)
    assert advice in str(raised.value)
    named = table if line < 99 else "measurements_by_age"
    assert f"{named}.csv:" in str(raised.value)
    if line < 99:
        assert f"{table}.csv:{line}: " in str(raised.value)


def test_a_missing_workflow_is_named(workspace: Path) -> None:
    path = workspace / "synthetic_data" / "tables" / "workflows.csv"
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n", "utf-8")
    with pytest.raises(UsageError, match=r'workflows\.csv:1: "laboratory" has no row'):
        load_tables(workspace)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in find("synthetic_data/tables").glob("*.csv"))
)
def test_a_table_without_sources_is_refused(workspace: Path, name: str) -> None:
    change(workspace, name, ",source", "")
    with pytest.raises(UsageError, match=rf"{name}\.csv"):
        load_tables(workspace)


def test_a_workspace_changes_one_table_and_keeps_the_others(tmp_path: Path) -> None:
    path = tmp_path / "synthetic_data" / "tables" / "races.csv"
    path.parent.mkdir(parents=True)
    path.write_text(
        "race,code,system,display,not_hispanic,hispanic,source\n"
        "martian,1,urn:oid:1.2.3,Martian,1,0,a film of 1938\n",
        "utf-8",
    )
    tables = load_tables(tmp_path)
    assert [race.name for race in tables.races] == ["martian"]
    assert tables.conditions == load_tables().conditions
