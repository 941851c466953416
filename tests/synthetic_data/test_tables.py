"""The generated people against the tables that they were drawn from."""

from __future__ import annotations

from statistics import mean, stdev

import pytest

from codeblue.patients import Patient, load_population
from codeblue.patients.tables import AgeBand, ConditionRate, SexRate, VitalSignRange, load_tables
from codeblue.workspace import names

SIZE = 20_000
TABLES = load_tables()
POINTS = 2.0


@pytest.fixture(scope="module")
def people() -> list[Patient]:
    return list(load_population("regional-network").patients(0, SIZE))


def percent(people: list[Patient], condition: str) -> float:
    return 100 * sum(condition in person.conditions for person in people) / len(people)


@pytest.mark.parametrize("row", TABLES.conditions, ids=lambda r: f"{r.condition}-{r.low}")
def test_prevalence_by_age(people: list[Patient], row: ConditionRate) -> None:
    group = [person for person in people if row.low <= person.age <= row.high]
    assert percent(group, row.condition) == pytest.approx(row.percent, abs=POINTS)


@pytest.mark.parametrize("row", TABLES.conditions_by_sex, ids=lambda r: r.condition)
def test_prevalence_by_sex(people: list[Patient], row: SexRate) -> None:
    grown = [person for person in people if person.age >= row.low]
    women = [person for person in grown if person.gender == "female"]
    men = [person for person in grown if person.gender == "male"]
    assert percent(women, row.condition) == pytest.approx(row.female_percent, abs=POINTS)
    assert percent(men, row.condition) == pytest.approx(row.male_percent, abs=POINTS)


@pytest.mark.parametrize("band", TABLES.age_bands, ids=lambda b: f"{b.low}-{b.high}")
def test_age_and_sex(people: list[Patient], band: AgeBand) -> None:
    total = sum(other.persons for other in TABLES.age_bands)
    group = [person for person in people if band.low <= person.age <= band.high]
    women = [person for person in group if person.gender == "female"]
    assert 100 * len(group) / SIZE == pytest.approx(100 * band.persons / total, abs=POINTS)
    # Half the sample of a narrow band decides: four standard errors of a share of one half.
    noise = 4 * 50 / len(group) ** 0.5
    assert 100 * len(women) / len(group) == pytest.approx(
        100 * band.females / band.persons, abs=noise
    )


@pytest.mark.parametrize("row", TABLES.vital_signs, ids=lambda r: f"{r.vital_sign}-{r.low}")
def test_vital_signs(people: list[Patient], row: VitalSignRange) -> None:
    values = [
        sign.value
        for person in people
        if row.low <= person.age <= row.high
        for sign in person.vital_signs
        if sign.name == row.vital_sign
    ]
    assert mean(values) == pytest.approx(row.mean, abs=0.25 * row.sd)
    assert stdev(values) == pytest.approx(row.sd, rel=0.25)


def test_adults_of_all_ages_come_to_the_published_copd_prevalence(people: list[Patient]) -> None:
    adults = [person for person in people if person.age >= 18]
    assert percent(adults, "copd") == pytest.approx(3.8, abs=POINTS)


@pytest.mark.parametrize("name", names("synthetic_data/populations", "*.toml"))
def test_every_population_loads_and_renders(name: str) -> None:
    population = load_population(name)
    for index in (0, population.size - 1):
        assert population.bundle(index)["entry"]
        assert population.adt("A01", index, facility="riverside").startswith("MSH|")
