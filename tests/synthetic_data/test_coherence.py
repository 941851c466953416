"""Whether one person's conditions, medications and measurements agree with each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from codeblue.patients import load_population
from codeblue.patients.draws import Bools, Ints

CHUNK = 4096
NETWORK = load_population("regional-network")
TABLES = NETWORK.tables
PERSONS = [NETWORK.persons(n * CHUNK, (n + 1) * CHUNK) for n in range(12)]
AGE = np.concatenate([some.age for some in PERSONS])
FEMALE = np.concatenate([some.female for some in PERSONS])
CONDITIONS = np.concatenate([some.conditions for some in PERSONS])
MEDICATIONS = np.concatenate([some.medications for some in PERSONS])
VISITS = [[NETWORK.measurements(some, visit) for some in PERSONS] for visit in range(3)]
ADULT = AGE >= 20


def has(condition: str) -> Bools:
    return CONDITIONS[:, TABLES.condition_names.index(condition)]


def takes(medication: str) -> Bools:
    return MEDICATIONS[:, TABLES.medication_names.index(medication)]


def measured(name: str, visit: int = 0) -> Ints:
    decimals = TABLES.measurements[TABLES.measurement_names.index(name)].decimals
    values = np.concatenate([found.values[name] for found in VISITS[visit]])
    return values if decimals == 0 else values / 10**decimals


def correlation(one: Ints, other: Ints) -> float:
    return float(np.corrcoef(one, other)[0, 1])


def test_glucose_follows_hba1c() -> None:
    glucose, hba1c = measured("glucose"), measured("hba1c")
    assert correlation(glucose, hba1c) >= 0.7
    assert correlation(glucose[ADULT], hba1c[ADULT]) >= 0.7
    slope, intercept = np.polyfit(hba1c, glucose, 1)
    # Nathan 2008 (Diabetes Care 31:1473); what is cut off at either end bends it a little.
    assert slope == pytest.approx(28.7, rel=0.05)
    assert intercept == pytest.approx(-46.7, abs=10)


def test_the_diabetic_have_the_laboratory_of_diabetics() -> None:
    hba1c, glucose, ill = measured("hba1c"), measured("glucose"), has("diabetes")
    assert 6.5 <= hba1c[ill].mean() <= 8.0
    assert 5.1 <= hba1c[ADULT & ~ill].mean() <= 5.7
    low, high = np.percentile(hba1c[ill], [2.5, 97.5])
    assert low >= 4.7
    assert high <= 11
    assert (hba1c[~ill] < 6.5).mean() > 0.98
    assert np.percentile(glucose[ill], 99) < 400
    assert (glucose[~ill] < 200).all()


def test_who_is_treated_is_better_off_than_who_is_not_and_still_ill() -> None:
    hba1c, ill = measured("hba1c"), has("diabetes")
    untreated = ill & ~takes("metformin") & ~takes("insulin-glargine")
    assert hba1c[untreated].mean() - hba1c[ill & takes("metformin")].mean() > 0.7
    assert hba1c[takes("metformin")].mean() > hba1c[ADULT & ~ill].mean() + 0.7
    pressure, high = measured("systolic-blood-pressure"), has("hypertension")
    drugs = takes("lisinopril") | takes("amlodipine") | takes("hydrochlorothiazide")
    assert pressure[high & ~drugs].mean() > 133
    assert 120 <= pressure[high & drugs].mean() < pressure[high & ~drugs].mean() - 6
    assert pressure[ADULT & ~high].mean() < 120


def test_kidneys_and_lungs_show_in_their_measurements() -> None:
    creatinine, kidney = measured("creatinine"), has("chronic-kidney-disease")
    assert creatinine[kidney].mean() > creatinine[ADULT & ~kidney].mean() + 0.3
    assert (
        creatinine[ADULT & ~kidney & ~FEMALE].mean() > creatinine[ADULT & ~kidney & FEMALE].mean()
    )
    oxygen, breaths, lungs = (
        measured("oxygen-saturation"),
        measured("respiratory-rate"),
        has("copd"),
    )
    assert oxygen[ADULT & ~lungs].mean() - oxygen[lungs].mean() > 1.5
    assert breaths[lungs].mean() - breaths[ADULT & ~lungs].mean() > 1.5


@pytest.mark.parametrize("name", ["systolic-blood-pressure", "diastolic-blood-pressure"])
def test_blood_pressure_lasts_from_visit_to_visit_and_changes(name: str) -> None:
    for earlier, later in ((0, 1), (1, 2)):
        one, other = measured(name, earlier), measured(name, later)
        assert 0.4 <= correlation(one, other) <= 0.8
        assert 0.35 <= correlation(one[ADULT], other[ADULT]) <= 0.8


def test_people_keep_their_height() -> None:
    change = np.abs(measured("body-height", 0) - measured("body-height", 1))[AGE >= 25]
    assert np.percentile(change, 95) < 3


def test_children_are_children() -> None:
    child = AGE < 18
    for condition in ("hypertension", "diabetes", "copd", "chronic-kidney-disease"):
        assert not has(condition)[child].any()
    for medication in TABLES.medications:
        if medication.condition != "asthma":
            assert not takes(medication.name)[child].any()
    height, weight, pulse = measured("body-height"), measured("body-weight"), measured("heart-rate")
    ages = (AGE <= 1, (AGE >= 4) & (AGE <= 6), (AGE >= 10) & (AGE <= 12), AGE >= 20)
    for younger, older in pairwise(ages):
        assert height[younger].mean() + 15 < height[older].mean()
        assert weight[younger].mean() * 1.5 < weight[older].mean()
        assert pulse[younger].mean() > pulse[older].mean()
    assert weight[AGE <= 3].max() < 30


def test_bodies_are_bodies() -> None:
    mass_index = measured("body-weight") / (measured("body-height") / 100) ** 2
    assert 27 <= mass_index[ADULT].mean() <= 31
    low, high = np.percentile(mass_index[ADULT], [1, 99])
    assert low >= 15
    assert high <= 48
    low, high = np.percentile(mass_index[AGE < 18], [1, 99])
    assert low >= 10
    assert high <= 32
    assert correlation(measured("body-weight")[ADULT], measured("body-height")[ADULT]) > 0.2
