"""The real rows of every format: what each kind can spoil there, and that the bytes stay whole."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from codeblue.patients import Population
from codeblue.patients.dirt import KINDS, Labels, inject, inject_messages
from codeblue.patients.fhir import FhirRenderer
from codeblue.patients.hl7v2 import Hl7Renderer, messages
from codeblue.patients.rows import Rows, fhir_rows, hl7_rows, table_rows

MAKERS = {"fhir": fhir_rows.rows, "hl7": hl7_rows.rows, "tables": table_rows.rows}
EVERYTHING = dict.fromkeys(KINDS, 0.02)
PERSONS = 1_500
MESSAGES = {"truncated-segment", "repeated-message", "out-of-order-message"}
HAVE_NO_PLACE = {
    "fhir": MESSAGES,
    "tables": MESSAGES,
    "hl7": {"retired-code"},  # no message tells of conditions
}


def spoiled(
    population: Population, form: str, rates: dict[str, float]
) -> Iterator[tuple[Rows, Labels]]:
    persons = population.persons(0, PERSONS)
    for institution in range(len(population.institutions)):
        for rows in MAKERS[form](population, persons, institution):
            yield rows, inject(rows, rates, 1.0, population)


@pytest.fixture(scope="module", params=sorted(MAKERS))
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def dirty(population: Population, form: str) -> list[tuple[Rows, Labels]]:
    return list(spoiled(population, form, EVERYTHING))


def test_every_kind_has_its_places(dirty: list[tuple[Rows, Labels]], form: str) -> None:
    seen = {label.kind for _, labels in dirty for label in labels.rows}
    assert seen - MESSAGES == set(KINDS) - HAVE_NO_PLACE[form] - MESSAGES


def test_labels_name_fields_and_records(dirty: list[tuple[Rows, Labels]], form: str) -> None:
    for rows, labels in dirty:
        name = "control_id" if form == "hl7" else "id"
        values = rows.fields[name]
        assert not isinstance(values, bytes)
        known = {text.decode() for text in values.tolist()}
        for label in labels.rows:
            assert label.record in known
            assert label.place in rows.fields or label.place == "id"
            assert label.before != label.after


def test_spoiled_resources_are_legal_json(population: Population) -> None:
    renderer = FhirRenderer()
    for rows, labels in spoiled(population, "fhir", EVERYTHING):
        lines = bytes(renderer.render(rows)).splitlines()
        resources = {one["id"]: one for one in map(orjson.loads, lines)}
        assert len(resources) == len(rows)
        for label in labels.rows:
            if label.place == "family" and rows.resource == "Patient":
                assert resources[label.record]["name"][0]["family"]


def test_spoiled_messages_arrive(population: Population) -> None:
    import hl7

    persons = population.persons(0, PERSONS)
    blocks = list(hl7_rows.rows(population, persons, 1))
    found = [inject(rows, EVERYTHING, 1.0, population) for rows in blocks]
    renderer = Hl7Renderer()
    sent = [message for rows in blocks for message in messages(bytes(renderer.render(rows)))]
    arrived, labels = inject_messages(sent, blocks, EVERYTHING, 1.0, population)
    counts = Labels.join([*found, labels]).counts()
    assert all(counts[kind] for kind in MESSAGES)
    assert len(arrived) == len(sent) + counts["repeated-message"]
    for message in arrived[:: len(arrived) // 200]:
        assert hl7.parse(message, encoding="latin-1")[0][0] == ["MSH"]
