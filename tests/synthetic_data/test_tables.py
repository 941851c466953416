"""The generated people against the tables that they were drawn from."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass

import numpy as np
import pytest

from codeblue.patients import load_population
from codeblue.patients.draws import Bools, Floats, Ints
from codeblue.patients.tables import load_tables
from codeblue.patients.tables.models import (
    AgeBand,
    ConditionRate,
    MeasurementRange,
    Race,
    SexRate,
    UnitConfusion,
)
from codeblue.workspace import find

CHUNKS = 25
CHUNK = 4096
TABLES = load_tables()
POINTS = 2.0
LEAST_PERSONS = 200  # in a band whose deviation is estimated


@dataclass(frozen=True)
class People:
    """Columns of many persons, and their measurements at the first visit."""

    age: Ints
    age_then: Ints  # at the visit
    female: Bools
    race: Ints
    hispanic: Bools
    conditions: Bools
    values: dict[str, Floats]

    def has(self, condition: str) -> Bools:
        return self.conditions[:, TABLES.condition_names.index(condition)]


@pytest.fixture(scope="module")
def people() -> People:
    network = load_population("regional-network", size=CHUNK * CHUNKS)
    persons = [network.persons(n * CHUNK, (n + 1) * CHUNK) for n in range(CHUNKS)]
    taken = [network.measurements(some) for some in persons]
    days = [
        (found.taken_at.astype("datetime64[D]") - some.birth_date).astype(np.int64)
        for some, found in zip(persons, taken, strict=True)
    ]
    return People(
        age=np.concatenate([some.age for some in persons]),
        age_then=(np.concatenate(days) / 365.2425).astype(np.int64),
        female=np.concatenate([some.female for some in persons]),
        race=np.concatenate([some.race for some in persons]),
        hispanic=np.concatenate([some.hispanic for some in persons]),
        conditions=np.concatenate([some.conditions for some in persons]),
        values={
            kind.name: np.concatenate([found.values[kind.name] for found in taken])
            / 10**kind.decimals
            for kind in TABLES.measurements
        },
    )


@pytest.mark.parametrize("row", TABLES.conditions_by_age, ids=lambda r: f"{r.condition}-{r.low}")
def test_prevalence_by_age(people: People, row: ConditionRate) -> None:
    group = (row.low <= people.age) & (people.age <= row.high)
    assert 100 * people.has(row.condition)[group].mean() == pytest.approx(row.percent, abs=POINTS)


@pytest.mark.parametrize("row", TABLES.conditions_by_sex, ids=lambda r: r.condition)
def test_prevalence_by_sex(people: People, row: SexRate) -> None:
    has, grown = people.has(row.condition), people.age >= row.low
    women = 100 * has[grown & people.female].mean()
    men = 100 * has[grown & ~people.female].mean()
    assert women == pytest.approx(row.female_percent, abs=POINTS)
    assert men == pytest.approx(row.male_percent, abs=POINTS)


@pytest.mark.parametrize(
    ("condition", "low", "percent"),
    # NCHS Data Briefs 516 and 529: the total, which the bands by age must come to.
    [("diabetes", 20, 15.8), ("copd", 18, 3.8)],
)
def test_adults_of_all_ages_come_to_the_published_prevalence(
    people: People, condition: str, low: int, percent: float
) -> None:
    adults = people.age >= low
    assert 100 * people.has(condition)[adults].mean() == pytest.approx(percent, abs=1)


@pytest.mark.parametrize("band", TABLES.age_bands, ids=lambda b: f"{b.low}-{b.high}")
def test_age_and_sex(people: People, band: AgeBand) -> None:
    total = sum(other.persons for other in TABLES.age_bands)
    group = (band.low <= people.age) & (people.age <= band.high)
    assert 100 * group.mean() == pytest.approx(100 * band.persons / total, abs=POINTS / 4)
    # Half the sample of a narrow band decides: four standard errors of a share of one half.
    noise = 4 * 50 / group.sum() ** 0.5
    assert 100 * people.female[group].mean() == pytest.approx(
        100 * band.females / band.persons, abs=noise
    )


@pytest.mark.parametrize("row", TABLES.races, ids=lambda row: row.name)
def test_race_and_ethnicity(people: People, row: Race) -> None:
    total = sum(race.not_hispanic + race.hispanic for race in TABLES.races)
    here = people.race == TABLES.races.index(row)
    for hispanic, count in ((True, row.hispanic), (False, row.not_hispanic)):
        share = 100 * (here & (people.hispanic == hispanic)).mean()
        assert share == pytest.approx(100 * count / total, abs=0.5)


@pytest.mark.parametrize(
    "row", TABLES.measurements_by_age, ids=lambda r: f"{r.measurement}-{r.sex}-{r.low}"
)
def test_measurements(people: People, row: MeasurementRange) -> None:
    group = (row.low <= people.age_then) & (people.age_then <= row.high)
    if row.sex:
        group &= people.female == (row.sex == "female")
    values = people.values[row.measurement]
    if row.mean is not None:
        assert values[group].mean() == pytest.approx(row.mean, abs=0.25 * row.sd)
    # Those without conditions vary as the table says, and by what they follow on top of it.
    well = group & ~people.conditions.any(axis=1)
    if well.sum() >= LEAST_PERSONS:
        follows = any(relation.measurement == row.measurement for relation in TABLES.relations)
        assert values[well].std() >= 0.75 * row.sd
        assert follows or values[well].std() <= 1.25 * row.sd


def test_every_row_of_every_table_has_a_source() -> None:
    for path in find("synthetic_data/tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert all(len(row["source"]) >= 8 for row in rows), path


@pytest.mark.parametrize(
    "row", TABLES.unit_confusions, ids=lambda r: f"{r.measurement}-{r.written}"
)
def test_a_confusion_has_a_way_back(row: UnitConfusion) -> None:
    (back,) = (
        other
        for other in TABLES.confusions_of[row.measurement]
        if (other.written, other.mistaken_for) == (row.mistaken_for, row.written)
    )
    for value in (1.0, 37.0, 100.0):
        # The two master equations of HbA1c are rounded each by itself.
        assert back.convert(row.convert(value)) == pytest.approx(value, abs=0.05)


def test_every_condition_has_a_retired_code() -> None:
    assert {row.condition for row in TABLES.retired_codes} == set(TABLES.condition_names)
    for row in TABLES.retired_codes:
        assert re.fullmatch(r"\d{3}(\.\d{1,2})?", row.code), row.code  # ICD-9-CM, volume 1
        assert row.retired_on.isoformat() == "2015-10-01"


def test_loinc_codes_have_their_check_digit() -> None:
    """Modulus 10, as Regenstrief's LOINC Users' Guide describes it."""
    for kind in TABLES.measurements:
        for code in kind.codes:
            body, check = code.split("-")
            odd = int(body[::-1][::2][::-1]) * 2
            digits = [int(digit) for digit in f"{odd}{body[::-1][1::2]}"]
            assert -sum(digits) % 10 == int(check), code
