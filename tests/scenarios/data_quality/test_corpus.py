"""The shipped corpus, against an independent implementation of FHIR R4B."""

from __future__ import annotations

from collections import Counter

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from codeblue.checks.corpus import CorpusItem, load_corpus
from codeblue.workspace import builtin_root

CORPUS = load_corpus(builtin_root() / "scenarios" / "data_quality" / "corpus")
TYPES = {
    "patient": "Patient",
    "observation": "Observation",
    "allergy_intolerance": "AllergyIntolerance",
    "encounter": "Encounter",
}
# What fhir.resources does not look at: required code bindings, control characters and length,
# lenient numbers and booleans, a resourceType left out, media types and encodings.
BEYOND_THE_LIBRARY = {
    "wrong codes",
    "control and oversized text",
    "wrong content type or encoding",
    "wrong types",
    "wrong resource",
    "missing required fields",
    "malformed dates",
}
EXACT = {"unknown fields", "wrong nesting", "invalid JSON"}


def _accepted(item: CorpusItem) -> bool:
    model = get_fhir_model_class(TYPES[item.resource])
    try:
        model.model_validate_json(item.filled("marker", "patient-1"))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("item", CORPUS.valid, ids=lambda item: f"{item.resource}: {item.name}")
def test_valid_items_are_fhir(item: CorpusItem) -> None:
    assert item.resource not in TYPES or _accepted(item)


def test_malformed_items_are_not_fhir() -> None:
    items = [item for item in CORPUS.malformed if item.resource in TYPES]
    wrong = [item for item in items if item.defect in EXACT and _accepted(item)]
    assert wrong == []
    sent_as_fhir = [item for item in items if "content type" not in item.defect]
    refused = sum(not _accepted(item) for item in sent_as_fhir)
    assert refused / len(sent_as_fhir) > 0.75


def test_the_corpus_has_ten_classes_for_every_resource() -> None:
    classes = Counter((item.resource, item.defect) for item in CORPUS.malformed)
    assert len(CORPUS.malformed) >= 200
    assert {defect for _, defect in classes} == BEYOND_THE_LIBRARY | EXACT
    assert len(classes) == 50
