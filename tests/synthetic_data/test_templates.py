from __future__ import annotations

from pathlib import Path

import hl7
import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient

from codeblue.patients import load_population
from codeblue.patients.hl7v2 import AdtEvent
from codeblue.workspace import find

TEMPLATES = find("synthetic_data/templates")
NETWORK = load_population("regional-network")
SAMPLE = range(0, 100_000, 2_503)
EVENTS: tuple[AdtEvent, ...] = ("A01", "A02", "A03", "A08")


def test_every_template_is_covered_here() -> None:
    fhir = {path.stem for path in (TEMPLATES / "fhir_r4").iterdir()}
    messages = {path.stem for path in (TEMPLATES / "hl7v2").iterdir()}
    assert fhir == {"patient", "observation"}
    assert messages == {f"adt_{event.lower()}" for event in EVENTS}


@pytest.mark.parametrize("index", SAMPLE)
def test_fhir_resources_are_valid_r4(index: int) -> None:
    Patient.model_validate(NETWORK.fhir_patient(index))
    for observation in NETWORK.fhir_observations(index):
        Observation.model_validate(observation)
    Bundle.model_validate(NETWORK.bundle(index))


def test_a_patient_says_what_us_core_requires() -> None:
    patient = NETWORK.fhir_patient(1)
    assert {"identifier", "name", "gender", "birthDate", "address", "telecom"} <= patient.keys()
    assert {"system", "value"} <= patient["identifier"][0].keys()
    assert patient["gender"] in {"female", "male"}


def test_vital_signs_carry_their_loinc_and_ucum_codes() -> None:
    found = {
        tuple(coding["code"] for coding in observation["code"]["coding"]): observation[
            "valueQuantity"
        ]["code"]
        for observation in NETWORK.fhir_observations(1)
    }
    assert found == {("8867-4",): "/min", ("59408-5", "2708-6"): "%", ("8310-5",): "Cel"}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("index", [0, 1, 99_999])
def test_hl7_messages_parse_and_hold_the_patient(event: AdtEvent, index: int) -> None:
    patient = NETWORK.patient(index)
    message = hl7.parse(NETWORK.adt(event, index, facility="riverside", visit="V1", ward="W1"))
    assert [str(segment[0]) for segment in message] == ["MSH", "EVN", "PID", "PV1"]
    assert str(message["MSH.F4"]) == "riverside"
    assert str(message["MSH.F9.R1.C2"]) == str(message["EVN.F1"]) == event
    assert str(message["PID.F3.R1.C1"]) == patient.record_number
    assert str(message["PID.F5.R1.C1"]) == patient.family
    assert str(message["PID.F7"]) == patient.birth_date.strftime("%Y%m%d")
    assert str(message["PV1.F3"]) == "W1"
    assert str(message["PV1.F19"]) == "V1"


def test_templates_end_with_a_line_end() -> None:
    files = [path for path in Path(TEMPLATES).rglob("*") if path.is_file()]
    assert all(path.read_text("utf-8").endswith("\n") for path in files)
