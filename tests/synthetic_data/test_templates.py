from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import hl7
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.bundle import Bundle
from pyfhircheck import Validator
from pyfhircheck.config import ValidatorConfig

from codeblue.errors import UsageError
from codeblue.patients import load_population
from codeblue.patients.fhir import FhirRenderer, template_name
from codeblue.patients.hl7v2 import AdtEvent, Hl7Renderer, messages
from codeblue.patients.population import Population
from codeblue.patients.rows import Rows, fhir_rows, hl7_rows
from codeblue.patients.templates import Template, compile_json
from codeblue.patients.validity import check, known
from codeblue.patients.validity.invariants import broken
from codeblue.workspace import find
from reference_platform.contract.bundles import Transaction

TEMPLATES = find("synthetic_data/templates")
NETWORK = load_population("regional-network")
PERSONS = 600
SAMPLE = 3
EVENTS = get_args(AdtEvent)

# pyfhircheck does not know this element: https://hl7.org/fhir/R4/dosage-definitions.html#Dosage.text
MISTAKEN = "Unknown element MedicationRequest.dosageInstruction[0].text"

Found = tuple[str, dict[str, Any]]


@cache
def resources() -> list[Found]:
    """The first resources of every block of every institution, each with its template."""
    renderer = FhirRenderer()
    persons = NETWORK.persons(0, PERSONS)
    return [
        (template_name(block), orjson.loads(line))
        for number in range(len(NETWORK.institutions))
        for block in fhir_rows.rows(NETWORK, persons, number)
        for line in bytes(renderer.render(block)).splitlines()[:SAMPLE]
    ]


@cache
def validator() -> Validator:
    # It knows the structures of FHIR itself, and not those of US Core.
    return Validator(ValidatorConfig(allow_unknown_extensions=True))


def of(template: str) -> Iterator[dict[str, Any]]:
    return (resource for name, resource in resources() if name == template)


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (TEMPLATES / folder).iterdir())


@pytest.mark.parametrize("template", names("fhir_r4"))
def test_resources_are_valid_r4(template: str) -> None:
    found = list(of(template))
    assert found, "no row is written by this template"
    for resource in found:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        issues = validator().validate_resource(resource).issues
        errors = [issue.message for issue in issues if issue.severity.value == "error"]
        assert [error for error in errors if error != MISTAKEN] == []
        assert broken(resource) == []
        assert resource["meta"]["security"][0]["code"] == "HTEST"


@pytest.mark.parametrize("number", range(len(NETWORK.institutions)))
def test_the_values_of_all_rows_are_valid(number: int) -> None:
    persons, codes = NETWORK.persons(1000, 3000), known(NETWORK)
    blocks = (
        *fhir_rows.rows(NETWORK, persons, number),
        *hl7_rows.rows(NETWORK, persons, number),
    )
    assert len(blocks) > 30
    for block in blocks:
        assert check(block, codes) == []


def test_a_patient_says_what_us_core_requires() -> None:
    for patient in of("patient"):
        assert {"identifier", "name", "gender", "birthDate", "address", "telecom"} <= patient.keys()
        assert {"system", "value"} <= patient["identifier"][0].keys()
        assert {"family", "given"} <= patient["name"][0].keys()
        urls = {extension["url"].rpartition("/")[2] for extension in patient["extension"]}
        assert urls == {"us-core-race", "us-core-ethnicity"}
        for extension in patient["extension"]:
            assert {part["url"] for part in extension["extension"]} == {"ombCategory", "text"}


@pytest.mark.parametrize(
    ("template", "required"),
    [
        ("condition", {"clinicalStatus", "verificationStatus", "category", "code", "subject"}),
        (
            "medication_request",
            {"status", "intent", "medicationCodeableConcept", "subject", "authoredOn"},
        ),
        ("allergy_intolerance", {"clinicalStatus", "verificationStatus", "code", "patient"}),
        ("encounter", {"status", "class", "type", "subject", "period"}),
        ("observation_laboratory", {"status", "category", "code", "subject", "valueQuantity"}),
        ("observation_vital_signs", {"status", "category", "code", "subject", "valueQuantity"}),
        ("observation_blood_pressure", {"status", "category", "code", "subject", "component"}),
        ("appointment", {"status", "start", "end", "participant"}),
    ],
)
def test_the_others_say_what_us_core_requires(template: str, required: set[str]) -> None:
    assert all(required <= resource.keys() for resource in of(template))


def test_oxygen_saturation_has_both_codes_and_blood_pressure_is_a_panel() -> None:
    """As US Core's profiles of vital signs want them."""
    persons = NETWORK.persons(0, PERSONS)
    blocks = {block.part: block for block in fhir_rows.rows(NETWORK, persons, 0, ("Observation",))}
    renderer = FhirRenderer()
    saturation, pressure = (
        orjson.loads(bytes(renderer.render(blocks[part])).splitlines()[0])
        for part in ("oxygen-saturation:0", "blood-pressure:0")
    )
    codes = [coding["code"] for coding in saturation["code"]["coding"]]
    assert codes == ["59408-5", "2708-6"]
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    parts = [part["code"]["coding"][0]["code"] for part in pressure["component"]]
    assert parts == ["8480-6", "8462-4"]
    assert len(blocks) == 10


@pytest.mark.parametrize("index", range(0, NETWORK.size, 9_001))
def test_bundles_are_valid_r4(index: int) -> None:
    Bundle.model_validate(NETWORK.bundle(index, 2))


@pytest.mark.parametrize("index", range(0, NETWORK.size, 9_001))
def test_the_reference_platform_takes_bundles(index: int) -> None:
    Transaction.model_validate_json(orjson.dumps(NETWORK.bundle(index, 20)))


def test_there_is_a_template_for_every_message() -> None:
    expected = {name.replace("^", "_").lower() for name in hl7_rows.MESSAGES}
    assert set(names("hl7v2")) == expected | {f"adt_{event.lower()}" for event in EVENTS}


@pytest.mark.parametrize("number", range(len(NETWORK.institutions)))
def test_messages_parse_and_are_in_the_dialect_of_the_institution(number: int) -> None:
    persons = NETWORK.persons(0, PERSONS)
    dialect = NETWORK.institutions[number].profile.hl7
    renderer, seen = Hl7Renderer(), set()
    for block in hl7_rows.rows(NETWORK, persons, number):
        framed = renderer.render(block)
        assert len(messages(framed)) == len(block)
        for text in messages(framed)[:SAMPLE]:
            message = hl7.parse(text.decode(dialect.charset))
            assert f"{message['MSH.F9.R1.C1']}^{message['MSH.F9.R1.C2']}" == block.resource
            assert str(message["MSH.F3"]) == dialect.sending_application
            assert str(message["MSH.F12"]) == dialect.version
            assert len(str(message["MSH.F10"])) <= 20
            assert str(message["PID.F8"]) in {"F", "M"}
        seen.add(block.resource)
    assert {"ADT^A04", "ADT^A03", "ORU^R01"} <= seen


def test_results_have_one_segment_for_each_value() -> None:
    block = next(hl7_rows.rows(NETWORK, NETWORK.persons(0, 50), 0, ("ORU^R01",)))
    message = hl7.parse(messages(Hl7Renderer().render(block))[0].decode())
    segments = message.segments("OBX")
    assert [str(segment[1]) for segment in segments] == [str(n) for n in range(1, 12)]
    assert all(float(str(segment[5])) > 0 for segment in segments)
    assert {str(segment[2]) for segment in segments} == {"NM"}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("index", [0, 1, 99_999])
def test_single_messages_parse_and_hold_the_patient(event: AdtEvent, index: int) -> None:
    patient = NETWORK.patient(index)
    message = hl7.parse(NETWORK.adt(event, index, facility="riverside", visit="V1", ward="W1"))
    segments = [str(segment[0]) for segment in message]
    assert segments[:3] == ["MSH", "EVN", "PID"]
    assert segments[3] == ("MRG" if event == "A40" else "PV1")
    assert str(message["MSH.F4"]) == "riverside"
    assert str(message["MSH.F9.R1.C2"]) == str(message["EVN.F1"]) == event
    assert str(message["PID.F3.R1.C1"]) == patient.record_number
    assert str(message["PID.F5.R1.C1"]) == patient.family
    assert str(message["PID.F7"]) == patient.birth_date.strftime("%Y%m%d")
    if event not in {"A31", "A40"}:
        assert str(message["PV1.F3"]) == "W1"
        assert str(message["PV1.F19"]) == "V1"


@pytest.mark.parametrize("template", names("fhir_r4"))
def test_a_line_that_is_lost_is_noticed_or_not_needed(template: str, tmp_path: Path) -> None:
    """Whatever an editor does to a template, it is refused by its line, or still writes JSON."""
    blocks = fhir_rows.rows(NETWORK, NETWORK.persons(0, PERSONS), 0)
    block = next(each for each in blocks if template_name(each) == template)
    path = tmp_path / f"{template}.json"
    lines = (TEMPLATES / "fhir_r4" / path.name).read_text("utf-8").splitlines()
    for lost in range(len(lines)):
        path.write_text("\n".join(lines[:lost] + lines[lost + 1 :]), "utf-8")
        written = compiled(path, block)
        if isinstance(written, UsageError):
            assert re.match(rf"{re.escape(str(path))}:\d+: ", str(written))
        else:
            assert all(map(orjson.loads, bytes(written.render(block)).splitlines()))


def compiled(path: Path, block: Rows) -> Template | UsageError:
    try:
        return compile_json(path, block.fields, ("value", "systolic", "diastolic"))
    except UsageError as error:
        return error


def test_templates_end_with_a_line_end() -> None:
    files = [path for path in TEMPLATES.rglob("*") if path.is_file()]
    assert all(path.read_text("utf-8").endswith("\n") for path in files)


def test_the_pilot_is_written_by_the_same_templates() -> None:
    pilot: Population = load_population("pilot-clinic")
    blocks = list(fhir_rows.rows(pilot, pilot.persons(0, 100), 0))
    assert {template_name(block) for block in blocks} == set(names("fhir_r4"))
