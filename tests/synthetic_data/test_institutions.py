"""The institutions that ship with the package: their figures, and how they differ."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients import Population, load_population
from codeblue.patients.draws import Draws
from codeblue.patients.institutions import LOINC, WORKFLOWS, Institution, Profile, load_profile
from codeblue.patients.people.persons import Known
from codeblue.patients.tables import load_tables
from codeblue.patients.visits import Calendar, Visits
from codeblue.patients.visits.events import events
from codeblue.workspace import builtin_root

TABLES = load_tables()
FOLDER = builtin_root() / "synthetic_data" / "institutions"
NAMES = ("clinic", "hospital", "laboratory", "telehealth")
PROFILES = {name: load_profile(name, TABLES.measurement_names) for name in NAMES}
MEASURED = {row.name: row for row in TABLES.measurements}


def visits(profile: Profile, count: int = 100_000) -> tuple[Calendar, Visits]:
    known = Known(
        start=0,
        birth_date=np.full(count, np.datetime64("1980-01-01", "D")),
        home=np.zeros(count, dtype=np.int64),
        visited=np.full(count, -1),
    )
    calendar = Calendar([Institution("One", profile, 1.0)], Draws(1), date(2025, 6, 1), 2)
    return calendar, calendar.visit(known, 1)


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_names_its_source_or_is_called_an_estimate(name: str) -> None:
    """On its own line, or in the comment above its table."""
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    said = re.compile(r"\d{4}|estimate|same study|AHIMA")
    for figure in ("minutes", "spread", "lead_days", "no_show", "odds_", "moved", "duplicate"):
        rows = re.findall(rf"^{figure}.*$", text, re.MULTILINE)
        assert rows, figure
        assert all(said.search(row.partition("#")[2]) for row in rows), rows
    for table in ("journeys", "faults"):
        comment = text.partition(f"\n[{table}]")[0].rpartition("\n\n")[2]
        assert comment.startswith("#")
        assert "engineering estimates" in comment


@pytest.mark.parametrize("name", [name for name in NAMES if name != "laboratory"])
def test_one_appointment_in_four_is_missed(name: str) -> None:
    calendar, found = visits(PROFILES[name])
    missed = ~found.kept[calendar.is_booked(found)]
    assert missed.mean() == pytest.approx(0.23, abs=0.01)


def test_odds_are_those_of_the_study() -> None:
    for profile in PROFILES.values():
        odds = profile.appointments
        assert (odds.odds_long_lead, odds.odds_prior_no_show) == (5.45, 4.42)


def test_the_emergency_department_is_emptiest_at_6_and_fullest_at_19_three_times_as_full() -> None:
    """NHAMCS 2006: 19,000 patients at 6 am, 58,000 at 7 pm (NHSR 7, 2008)."""
    profile = PROFILES["hospital"].model_copy(update={"utc_offset_minutes": 0})
    _, found = visits(profile, 400_000)
    emergency = found.workflow == WORKFLOWS.index("emergency")
    begins, ends = (
        times[emergency].view(np.int64) % 604_800 for times in (found.begins, found.ends)
    )
    hours = np.arange(24) * 3600
    week = hours[None, :] + 86_400 * np.arange(7)[:, None]
    inside = (begins[:, None] <= week.ravel()) & (week.ravel() < ends[:, None])
    over_midnight = (ends < begins)[:, None] & (
        (begins[:, None] <= week.ravel()) | (week.ravel() < ends[:, None])
    )
    present = (inside | over_midnight).sum(axis=0).reshape(7, 24).sum(axis=0)
    assert abs(int(present.argmin()) - 6) <= 1
    assert abs(int(present.argmax()) - 19) <= 1
    assert present[19] / present[6] == pytest.approx(58 / 19, rel=0.1)


def test_stays_last_as_long_as_the_sources_say() -> None:
    _, found = visits(PROFILES["hospital"], 300_000)
    length = (found.ends - found.begins).astype(np.int64)
    means = {
        name: length[found.workflow == WORKFLOWS.index(name)].mean()
        for name in ("inpatient", "emergency")
    }
    assert means["inpatient"] / 86_400 == pytest.approx(4.5, rel=0.05)
    assert means["emergency"] / 60 == pytest.approx(195.7, rel=0.05)


def test_profiles_differ_in_what_can_be_seen_of_them() -> None:
    def seen(profile: Profile) -> tuple[object, ...]:
        return (
            profile.record_number,
            profile.hl7,
            profile.utc_offset_minutes,
            tuple(profile.workflows),
            tuple(ward.name for ward in profile.wards),
            profile.faults["duplicate"],
        )

    for one, other in combinations(PROFILES.values(), 2):
        assert sum(a != b for a, b in zip(seen(one), seen(other), strict=True)) >= 5
    assert {profile.hl7.charset for profile in PROFILES.values()} == {"UTF-8", "ISO-8859-1"}
    assert len({profile.hl7.timestamp for profile in PROFILES.values()}) == 3


def test_the_laboratory_writes_moles_under_the_codes_of_moles() -> None:
    laboratory = PROFILES["laboratory"]
    assert laboratory.codes.system == LOINC
    for name, code, conventional, molar in (
        ("glucose", "14749-6", 180.16, 10.0),
        ("creatinine", "14682-9", 113.12, 10_000.0),
    ):
        assert laboratory.codes.local[name].code == code
        assert "[Moles/volume]" in laboratory.codes.local[name].display
        # mg/dL to mmol/L is 10 / molar mass, and to umol/L a thousand times that.
        assert laboratory.units[name].factor == pytest.approx(molar / conventional, rel=5e-4)


@pytest.mark.parametrize(
    ("measurement", "metric", "written"),
    [("body-temperature", 37.0, 98.6), ("body-weight", 80.0, 176.37), ("body-height", 170, 66.93)],
)
def test_patients_of_the_telehealth_practice_measure_in_customary_units(
    measurement: str, metric: float, written: float
) -> None:
    habit = PROFILES["telehealth"].units[measurement]
    assert metric * habit.factor + habit.offset == pytest.approx(written, abs=0.01)
    assert habit.ucum in {"[degF]", "[lb_av]", "[in_i]"}


def test_a_unit_of_another_kind_of_quantity_has_another_code() -> None:
    """LOINC tells moles from mass; only units that UCUM can convert may share a code."""
    same_kind = {"[degF]", "[lb_av]", "[in_i]"}
    for profile in PROFILES.values():
        for name, habit in profile.units.items():
            assert habit.ucum in same_kind or name in profile.codes.local
            assert habit.ucum != MEASURED[name].ucum


def test_the_files_have_no_key_that_the_models_leave_out() -> None:
    for name in NAMES:
        tree = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
        assert Profile.model_validate(tree) == PROFILES[name]


VALUES = st.sampled_from(
    [
        *(
            "0",
            "-1",
            "1",
            "2",
            "0.5",
            "1e308",
            "nan",
            "inf",
            "true",
            "1_000",
            "1e-320",
            "2025-06-01",
        ),
        *('""', '"clinic"', '"A|B"', '"\\u0000"', "'''x", "[]", "{}", str(10**21), "[0, 1]"),
        *('"telehealth"', '"UTF-8"', '"minute"', '["outpatient"]', "# nothing"),
    ]
)


@given(name=st.sampled_from(NAMES), place=st.floats(0, 0.999), value=VALUES, whole=st.booleans())
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_mistyped_works_or_is_located(
    tmp_path: Path, name: str, place: float, value: str, *, whole: bool
) -> None:
    """One line is left out, or another value stands on it."""
    lines = (FOLDER / f"{name}.toml").read_text("utf-8").splitlines()
    keys = [number for number, line in enumerate(lines) if " = " in line]
    changed = keys[int(place * len(keys))]
    lines[changed] = "" if whole else f"{lines[changed].partition(' = ')[0]} = {value}"
    folder = tmp_path / "synthetic_data"
    for part in ("institutions", "populations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "institutions" / f"{name}.toml").write_text("\n".join(lines), "utf-8")
    (folder / "populations" / "one.toml").write_text(
        "size = 500\nseed = 1\nreference_date = 2025-06-01\nmess = 1\n"
        f'[[institutions]]\nname = "One"\nprofile = "{name}"\nshare = 1\n'
    )
    try:
        draw(load_population("one", tmp_path))
    except UsageError as error:
        told = str(error)
    else:
        return
    assert re.search(rf"{name}\.toml:[1-9]\d*: .+[.?]$", told, re.DOTALL), told


def draw(population: Population) -> None:
    """Something of everything that a profile bears on."""
    begin = datetime(2025, 6, 2, tzinfo=UTC)
    population.bundle(3)
    population.adt("A01", 3, facility="one")
    assert list(events(population, begin, begin + timedelta(days=30)))
