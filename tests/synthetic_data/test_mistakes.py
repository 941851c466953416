"""Whatever is mistyped in a table, a pool or a population: it works, or file and line are told."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients import load_population
from codeblue.patients.dirt import inject
from codeblue.patients.rows import fhir_rows
from codeblue.workspace import find

DATA = find("synthetic_data")
CSV = sorted(
    str(path.relative_to(DATA))
    for folder in ("tables", "pools")
    for path in (DATA / folder).glob("*.csv")
)
TOML = sorted(str(path.relative_to(DATA)) for path in DATA.glob("populations/*.toml"))
LOCATED = re.compile(r"\.(csv|toml):[1-9]\d*: .+[.?]$", re.DOTALL)
DEEPEST = 60  # lines from the top of a file that are changed
CELLS = st.one_of(
    st.sampled_from(
        [
            *("", "0", "-1", "1", "99", "120", "121", "1e9", "1e400", "nan", "inf", "0.5", "100"),
            *("hypertension", "asthma", "metformin", "glucose", "hba1c", "female", " ", "|"),
            *('"', '""', "\\", "\u00e9", "\uff11", "\0", "1,2", "\u2028", "x" * 200),
        ]
    ),
    st.text(max_size=5),
)
VALUES = st.sampled_from(
    [
        *("0", "-1", "1", "2", "0.5", "1e308", "nan", "inf", "true", "1_000", "1e-320"),
        *('""', '"clinic"', '"telehealth"', '"A|B"', "'''x", "[]", "{}", str(10**21)),
        *("1999-12-31", "2000-02-29", "2099-12-31", "2025-06-01T10:00:00"),
    ]
)
SLIPS = {"unit-slip": 0.4, "fahrenheit-as-celsius": 0.3, "retired-code": 0.3}
RELAXED = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def works_or_is_located(workspace: Path, name: str, text: str) -> None:
    """Write ``text`` over the file ``name`` of a workspace and draw from it."""
    for other in (workspace / "synthetic_data").glob("*/*"):
        other.unlink()
    path = workspace / "synthetic_data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", errors="replace", newline="")
    try:
        draw(path.stem if path.suffix == ".toml" else "surge", workspace)
    except UsageError as error:
        told = str(error)
    else:
        return
    assert LOCATED.search(told), told


def draw(name: str, workspace: Path) -> None:
    """Something of everything that a population can make."""
    population = load_population(name, workspace, size=10_000)
    persons = population.persons(0, 300)
    for visit in (0, population.visits):
        population.visit(persons, visit)
        values = population.measurements(persons, visit).values
        assert all((column >= 0).all() for column in values.values())
    for institution in range(len(population.institutions)):
        population.records(persons, institution)
    population.patient(9999)
    population.bundle(7)
    few = population.persons(0, 50)
    for rows in fhir_rows.rows(population, few, 0, ("Observation", "Condition")):
        inject(rows, SLIPS, 1.0, population)


@given(st.data())
@RELAXED
def test_a_changed_cell(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(CSV))
    rows = list(csv.reader((DATA / name).read_text("utf-8").splitlines()))
    row = data.draw(st.integers(0, min(len(rows), DEEPEST) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    rows[row][column] = data.draw(CELLS)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    works_or_is_located(tmp_path, name, text.getvalue())


@given(st.data())
@RELAXED
def test_a_changed_line(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*CSV, *TOML]))
    lines = (DATA / name).read_text("utf-8").splitlines(keepends=True)
    place = data.draw(st.integers(0, min(len(lines), DEEPEST) - 1))
    other = data.draw(st.integers(0, len(lines) - 1))
    line = lines[place]
    cut = data.draw(st.integers(0, len(line)))
    choices = ["", "\n", line * 2, line[:cut], line[cut:], lines[other], line.rstrip() + ",\n"]
    lines[place] = data.draw(st.sampled_from(choices))
    works_or_is_located(tmp_path, name, "".join(lines))


@given(st.data())
@RELAXED
def test_a_changed_value_of_a_population(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TOML))
    lines = (DATA / name).read_text("utf-8").splitlines()
    assigned = [place for place, line in enumerate(lines) if re.match(r"\w+ =", line)]
    place = data.draw(st.sampled_from(assigned))
    lines[place] = f"{lines[place].split('=')[0]}= {data.draw(VALUES)}"
    works_or_is_located(tmp_path, name, "\n".join(lines) + "\n")


@pytest.mark.parametrize("name", [*CSV, *TOML])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    for text in ("", "\n", "\ufeff"):
        works_or_is_located(tmp_path, name, text)
