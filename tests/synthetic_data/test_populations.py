"""The populations that ship: each one loads, and is what its first line says."""

from __future__ import annotations

import numpy as np
import pytest

from codeblue.patients import load_population
from codeblue.patients.institutions import WORKFLOWS
from codeblue.workspace import names

ALL = names("synthetic_data/populations", "*.toml")


def test_the_populations_are_there() -> None:
    assert {"pilot-clinic", "regional-network", "national", "surge"} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_population_loads_and_renders_its_first_and_last(name: str) -> None:
    population = load_population(name)
    for index in (0, population.size - 1):
        assert population.bundle(index)["entry"]
        assert population.adt("A01", index, facility="riverside").startswith("MSH|")


def test_the_pilot_is_one_clean_clinic() -> None:
    pilot = load_population("pilot-clinic")
    assert (pilot.size, pilot.mess, pilot.shared, len(pilot.institutions)) == (500, 0, 0, 1)
    assert len(pilot.records(pilot.persons(0, 500), 0).row) == 500


def test_the_network_has_three_institutions_of_different_profiles() -> None:
    network = load_population("regional-network")
    assert network.size == 100_000
    assert len({institution.profile.title for institution in network.institutions}) == 3
    assert network.mess > 0
    assert network.shared > 0


def test_the_nation_has_ten_million_persons() -> None:
    assert load_population("national").size == 10_000_000


def test_the_surge_moves_visits_to_telehealth_in_its_week() -> None:
    surge = load_population("surge")
    ((begins, workflow, factor),) = [(s.begins, s.workflow, s.factor) for s in surge.surges]
    assert (workflow, factor) == ("telehealth", 2.54)
    week = np.datetime64(begins)
    counted: list[int] = []
    for start in range(0, 40_960, 4096):
        persons = surge.persons(start, start + 4096)
        visits = surge.visit(persons, 1)
        days = visits.begins.astype("datetime64[D]") - week
        remote = visits.workflow == WORKFLOWS.index("telehealth")
        counted.append(days[remote].astype(int) // 7)
    weeks = np.concatenate(counted)
    usual = np.mean([(weeks == k).sum() for k in (-6, -5, -4, -3, -2, 2, 3, 4)])
    assert (weeks == 0).sum() / usual == pytest.approx(factor, rel=0.25)
