from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import load_population
from codeblue.patients.people.measurements import Measurements

NETWORK = load_population("regional-network", size=10_000_000)
TABLES = NETWORK.tables
NAMES = (
    "heart-rate",
    "respiratory-rate",
    "oxygen-saturation",
    "body-temperature",
    "systolic-blood-pressure",
    "diastolic-blood-pressure",
    "body-weight",
    "body-height",
    "glucose",
    "hba1c",
    "creatinine",
)


def same(one: Measurements, other: Measurements, part: slice) -> bool:
    return (one.taken_at[part] == other.taken_at).all() and all(
        (one.values[name][part] == other.values[name]).all() for name in NAMES
    )


def test_the_ten_observations_come_in_their_order() -> None:
    assert tuple(NETWORK.measurements(NETWORK.persons(0, 1)).values) == NAMES
    assert TABLES.measurement_names == NAMES


@given(st.integers(0, 9_999_000), st.integers(0, 40), st.integers(1, 30), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_any_measurements_are_the_same_alone(
    start: int, offset: int, count: int, visit: int
) -> None:
    whole = NETWORK.persons(start, start + offset + count + 5)
    alone = NETWORK.persons(start + offset, start + offset + count)
    part = slice(offset, offset + count)
    assert same(NETWORK.measurements(whole, visit), NETWORK.measurements(alone, visit), part)


@given(st.integers(0, 2000), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_values_lie_in_the_range_of_their_age_and_sex(start: int, visit: int) -> None:
    persons = NETWORK.persons(start, start + 200)
    measurements = NETWORK.measurements(persons, visit)
    days = measurements.taken_at.astype("datetime64[D]") - persons.birth_date
    age = np.clip((days.astype(int) / 365.2425).astype(int), 0, 99)
    for kind in TABLES.measurements:
        values = measurements.values[kind.name] / 10**kind.decimals
        rows = [row for row in TABLES.measurements_by_age if row.measurement == kind.name]
        seen = np.zeros(len(persons), dtype=int)
        for row in rows:
            band = (row.low <= age) & (age <= row.high)
            if row.sex:
                band &= persons.female == (row.sex == "female")
            assert (values[band] >= row.least - 0.01).all()
            assert (values[band] <= row.most + 0.01).all()
            seen += band
        assert (seen == 1).all()


def test_measurements_are_taken_within_the_visit_and_after_birth() -> None:
    persons = NETWORK.persons(0, 20_000)
    for number in (0, 1, 2):
        visit, measurements = NETWORK.visit(persons, number), NETWORK.measurements(persons, number)
        wait = (measurements.taken_at - visit.begins).astype(int)
        assert ((wait >= 0) & (wait <= 900)).all()
        assert (measurements.taken_at <= visit.ends).all()
        assert len(np.unique(wait)) > 500
        assert (measurements.taken_at.astype("datetime64[D]") >= persons.birth_date).all()


def test_visits_differ_and_what_was_measured_last_is_not_mistaken() -> None:
    persons, others = NETWORK.persons(0, 500), NETWORK.persons(500, 1000)
    first = NETWORK.measurements(persons, 0)
    assert NETWORK.measurements(persons, 0) is first
    assert NETWORK.measurements(persons, 1) is not first
    assert (NETWORK.measurements(others, 1).values["glucose"] != first.values["glucose"]).any()
    later = NETWORK.measurements(persons, 1)
    assert (later.values["heart-rate"] != first.values["heart-rate"]).mean() > 0.8


def test_a_persons_own_deviation_lasts_over_all_visits() -> None:
    persons = NETWORK.persons(0, 20_000)
    grown = persons.age >= 30
    for near, far in ((0, 1), (1, 2), (2, 3), (3, 9)):
        one, other = (NETWORK.measurements(persons, k).values["hba1c"][grown] for k in (near, far))
        assert np.corrcoef(one, other)[0, 1] > 0.85


def test_the_diastolic_pressure_stays_below_the_systolic() -> None:
    values = NETWORK.measurements(NETWORK.persons(0, 40_000)).values
    gap = values["systolic-blood-pressure"] - values["diastolic-blood-pressure"]
    assert gap.min() >= 15


def table(tmp_path: Path, name: str, lines: str) -> Path:
    path = tmp_path / "synthetic_data" / "tables" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines, "utf-8")
    return tmp_path


def test_an_effect_moves_those_who_have_its_cause_and_not_the_mean_of_all(tmp_path: Path) -> None:
    header = "measurement,cause,shift,sd,source\n"
    table(tmp_path, "effects", f"{header}creatinine,hypertension,0.5,0,made up for this\n")
    changed = load_population("regional-network", tmp_path, size=10_000_000)
    table(tmp_path, "effects", f"{header}creatinine,hypertension,0,0,made up for this\n")
    plain = load_population("regional-network", tmp_path, size=10_000_000)
    persons = plain.persons(0, 40_000)
    ill = persons.conditions[:, TABLES.condition_names.index("hypertension")]
    moved = (
        changed.measurements(persons).values["creatinine"]
        - (plain.measurements(persons).values["creatinine"])
    )
    alike = persons.female & (persons.age >= 45) & (persons.age < 55)
    assert moved[alike & ill].mean() - moved[alike & ~ill].mean() == pytest.approx(50, abs=3)
    assert moved[alike].mean() == pytest.approx(0, abs=3)
