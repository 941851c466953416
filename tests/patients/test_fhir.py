from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.patients import load_population
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.institutions.records import DUPLICATE
from codeblue.patients.population import Population
from codeblue.patients.rows import Rows
from codeblue.patients.rows.fhir_rows import RESOURCES, rows
from codeblue.workspace import find

NETWORK = load_population("regional-network")
INSTITUTIONS = st.integers(0, len(NETWORK.institutions) - 1)
STARTS = st.integers(0, NETWORK.size - 300)
SEEDS = st.sampled_from((0, 1, 2**62))
RENDERER = FhirRenderer()


@cache
def seeded(seed: int) -> Population:
    return load_population("regional-network", seed=seed)


def text(
    start: int, stop: int, institution: int, population: Population = NETWORK
) -> dict[tuple[str, str], bytes]:
    """What is written about the persons, by resource type and part."""
    found: dict[tuple[str, str], bytes] = {}
    for block in rows(population, population.persons(start, stop), institution):
        found[block.resource, block.part] = bytes(RENDERER.render(block))
    return found


@given(STARTS, st.integers(0, 150), st.integers(0, 150), INSTITUTIONS, SEEDS)
@settings(max_examples=15, deadline=None)
def test_two_chunks_are_written_as_one(
    start: int, first: int, second: int, institution: int, seed: int
) -> None:
    population = seeded(seed)
    middle, stop = start + first, start + first + second
    left = text(start, middle, institution, population)
    right = text(middle, stop, institution, population)
    joined = {key: left.get(key, b"") + right.get(key, b"") for key in left.keys() | right.keys()}
    assert joined == text(start, stop, institution, population)


def test_every_visit_has_rows_of_its_own(tmp_path: Path) -> None:
    described = find("synthetic_data/populations/pilot-clinic.toml").read_text("utf-8")
    lines = (line for line in described.splitlines() if not line.startswith("visits"))
    path = tmp_path / "often.toml"
    path.write_text("visits = 12\n" + "\n".join(lines), "utf-8")
    often = load_population(str(path))
    found = text(0, 100, 0, often)
    for resource in ("Observation", "Encounter", "Appointment"):
        visits = {part.partition(":")[2] for kind, part in found if kind == resource}
        assert visits == {str(visit) for visit in range(12)}
    ids = [orjson.loads(line)["id"] for lines in found.values() for line in lines.splitlines()]
    assert len(set(ids)) == len(ids)
    assert max(len(each) for each in ids) <= 64


@given(STARTS, INSTITUTIONS)
@settings(max_examples=15, deadline=None)
def test_whatever_is_about_a_patient_names_one_that_is_there(start: int, institution: int) -> None:
    lines = b"".join(text(start, start + 60, institution).values()).splitlines()
    resources = [orjson.loads(line) for line in lines]
    ids = [resource["id"] for resource in resources]
    assert len(set(ids)) == len(ids)
    patients = {r["id"] for r in resources if r["resourceType"] == "Patient"}
    for resource in resources:
        about = resource.get("subject") or resource.get("patient")
        if about:
            assert about["reference"].removeprefix("Patient/") in patients


def blocks(resource: str, institution: int = 0) -> list[Rows]:
    return list(rows(NETWORK, NETWORK.persons(0, 2000), institution, (resource,)))


def test_a_duplicate_is_a_patient_and_nothing_else() -> None:
    for resource in RESOURCES:
        copies = {copy for block in blocks(resource, 1) for copy in block.copy.tolist()}
        assert (DUPLICATE in copies) == (resource == "Patient")


def test_who_did_not_come_was_not_measured() -> None:
    missed = {
        (person, block.part.partition(":")[2])
        for block in blocks("Appointment")
        for person, status in zip(block.person, block.fields["status"], strict=True)
        if status == b"noshow"
    }
    seen = {
        (person, block.part.partition(":")[2])
        for resource in ("Observation", "Encounter")
        for block in blocks(resource)
        for person in block.person
    }
    assert missed
    assert not missed & seen


def test_values_are_measured_during_the_visit() -> None:
    spans = {
        person: (begin, end)
        for block in blocks("Encounter")
        for person, begin, end in zip(
            block.person, block.typed["start"], block.typed["end"], strict=True
        )
    }
    for block in blocks("Observation"):
        for person, at in zip(block.person, block.typed["effective"], strict=True):
            begin, end = spans[person]
            assert begin <= at <= end


def test_units_and_codes_are_those_of_the_institution() -> None:
    for number, institution in enumerate(NETWORK.institutions):
        for block in blocks("Observation", number):
            name = block.part.partition(":")[0]
            if habit := institution.profile.units.get(name):
                assert block.fields["ucum"] == habit.ucum.encode()
            if (local := institution.profile.codes.local.get(name)) and name != "blood-pressure":
                assert block.fields["code"] == local.code.encode()
                assert block.fields["system"] == institution.profile.codes.system.encode()


def test_a_converted_value_is_the_measured_one() -> None:
    """The temperature in degrees Fahrenheit is that in Celsius, rounded once."""
    persons = NETWORK.persons(0, 2000)
    number = next(
        n for n, each in enumerate(NETWORK.institutions) if "body-temperature" in each.profile.units
    )
    habit = NETWORK.institutions[number].profile.units["body-temperature"]
    celsius = NETWORK.measurements(persons, 0).values["body-temperature"]
    block = next(b for b in blocks("Observation", number) if b.part == "body-temperature:0")
    for person, written in zip(block.person, block.fields["value"], strict=True):
        exact = celsius[person] / 10 * habit.factor + habit.offset
        assert float(written) == pytest.approx(exact, abs=0.5000001 * 10.0**-habit.decimals)


@given(STARTS)
@settings(max_examples=10, deadline=None)
def test_a_bundle_holds_each_patient_and_the_chart(start: int) -> None:
    bundle = NETWORK.bundle(start, 3)
    assert json.loads(json.dumps(bundle)) == bundle
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    patient = ""
    for entry in bundle["entry"]:
        resource = entry["resource"]
        assert "id" not in resource
        assert entry["request"] == {"method": "POST", "url": resource["resourceType"]}
        if resource["resourceType"] == "Patient":
            patient = entry["fullUrl"]
        else:
            assert (resource.get("subject") or resource["patient"])["reference"] == patient
    patients = [e["resource"] for e in bundle["entry"] if e["request"]["url"] == "Patient"]
    assert [p["identifier"][0]["value"] for p in patients] == [
        p.record_number for p in NETWORK.patients(start, 3)
    ]


def test_observations_are_about_whom_they_are_asked_for() -> None:
    found = (NETWORK.fhir_observations(index, "Patient/7") for index in range(20))
    observations = next(each for each in found if each)
    assert len(observations) == 10
    assert {each["subject"]["reference"] for each in observations} == {"Patient/7"}


def test_a_mistake_in_a_template_is_located(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic_data" / "templates" / "fhir_r4"
    folder.mkdir(parents=True)
    template = find("synthetic_data/templates/fhir_r4/patient.json").read_text("utf-8")
    (folder / "patient.json").write_text(template.replace("{family}", "{famly}"), "utf-8")
    with pytest.raises(UsageError, match=r'patient\.json:\d+: "{famly}".*Did you mean "family"'):
        FhirRenderer(tmp_path).render(blocks("Patient")[0])


def test_a_template_of_the_workspace_comes_first(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic_data" / "templates" / "fhir_r4"
    folder.mkdir(parents=True)
    (folder / "patient.json").write_text('{"resourceType": "Patient", "id": "{id}"}', "utf-8")
    block, renderer = blocks("Patient")[0], FhirRenderer(tmp_path)
    assert renderer.used(block).fields.keys() == {"id"}
    first = orjson.loads(bytes(renderer.render(block)).splitlines()[0])
    ids = np.asarray(block.fields["id"])
    assert first == {"resourceType": "Patient", "id": ids[0].decode()}
