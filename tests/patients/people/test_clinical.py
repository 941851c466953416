from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from codeblue.patients import Population, load_population
from codeblue.patients.people.clinical import female_share, onsets, prevalence
from codeblue.patients.people.persons import Persons

NETWORK = load_population("regional-network")
PERSONS = NETWORK.persons(0, 60_000)
TABLES = NETWORK.tables


def has(persons: Persons, condition: str) -> np.ndarray:
    return persons.conditions[:, TABLES.condition_names.index(condition)]


def test_whoever_takes_a_medication_has_its_condition_and_its_age() -> None:
    for place, medication in enumerate(TABLES.medications):
        takes = PERSONS.medications[:, place]
        assert takes.any()
        assert has(PERSONS, medication.condition)[takes].all()
        assert PERSONS.age[takes].min() >= medication.low


def test_medications_are_taken_by_their_share_of_the_sick() -> None:
    for place, medication in enumerate(TABLES.medications):
        sick = has(PERSONS, medication.condition) & (PERSONS.age >= medication.low)
        share = 100 * PERSONS.medications[sick, place].mean()
        assert share == pytest.approx(medication.percent, abs=3)


def test_a_comorbidity_is_as_much_more_common_as_its_table_says() -> None:
    for pair in TABLES.comorbidities:
        band = (PERSONS.age >= 60) & (PERSONS.age < 65)
        given = has(PERSONS, pair.given)
        ratio = (
            has(PERSONS, pair.condition)[band & given].mean()
            / has(PERSONS, pair.condition)[band & ~given].mean()
        )
        assert ratio == pytest.approx(pair.relative_risk, rel=0.5)
        assert ratio > 1


def test_allergies_have_their_shares() -> None:
    counted = np.bincount(PERSONS.allergy + 1, minlength=len(TABLES.allergies) + 1)[1:]
    percents = [allergy.percent for allergy in TABLES.allergies]
    assert 100 * counted / len(PERSONS) == pytest.approx(percents, abs=0.5)


def test_both_sexes_together_keep_the_prevalence_of_the_table_by_age() -> None:
    rates, females = prevalence(TABLES), female_share(TABLES)
    together = rates[:, :, 1] * females + rates[:, :, 0] * (1 - females)
    for row in TABLES.conditions_by_age:
        place = TABLES.condition_names.index(row.condition)
        ages = slice(row.low, row.high + 1)
        assert together[place, ages] == pytest.approx(row.percent / 100)


def test_onsets_lie_between_birth_and_the_reference_date() -> None:
    persons = NETWORK.persons(1000, 5000)
    found = onsets(NETWORK, persons)
    assert found.shape == persons.conditions.shape
    assert (np.isnat(found) == ~persons.conditions).all()
    reference = np.datetime64(NETWORK.reference_date)
    for place, name in enumerate(TABLES.condition_names):
        sick = persons.conditions[:, place]
        days = found[sick, place]
        assert (days < reference).all()
        assert (days >= persons.birth_date[sick]).all()
        youngest = min(row.low for row in TABLES.conditions_by_age if row.condition == name)
        age = (days - persons.birth_date[sick]).astype(int) / 365.2425
        assert age.min() >= youngest - 1


def test_an_onset_is_the_same_alone() -> None:
    together = onsets(NETWORK, NETWORK.persons(0, 300))
    for index in (0, 7, 299):
        alone = onsets(NETWORK, NETWORK.persons(index, index + 1))[0]
        assert (alone == together[index])[~np.isnat(alone)].all()


def population_with(tmp_path: Path, table: str, text: str) -> Population:
    path = tmp_path / "synthetic_data" / "tables" / f"{table}.csv"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    return load_population("regional-network", tmp_path)


def test_a_risk_that_cannot_be_so_high_leaves_the_prevalence_as_it_is(tmp_path: Path) -> None:
    population = population_with(
        tmp_path,
        "comorbidities",
        "condition,given,relative_risk,source\nhypertension,diabetes,50,made up for this\n",
    )
    persons = population.persons(0, 60_000)
    old = persons.age >= 60
    assert has(persons, "hypertension")[old & has(persons, "diabetes")].all()
    assert 100 * has(persons, "hypertension")[old].mean() == pytest.approx(71.6, abs=2)


def test_what_everyone_has_everyone_has(tmp_path: Path) -> None:
    population = population_with(
        tmp_path,
        "conditions_by_age",
        "condition,low,high,percent,source\n"
        + "".join(f"{name},0,99,100,made up for this\n" for name in TABLES.condition_names),
    )
    persons = population.persons(0, 4000)
    sexes = {row.condition for row in TABLES.conditions_by_sex}
    for name in set(TABLES.condition_names) - sexes:
        assert has(persons, name).all()
