"""A CapabilityStatement is believed to the letter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.load.journeys.capabilities import Capabilities, read_capabilities

CODES = st.sampled_from(["read", "vread", "update", "create", "search-type", "history-instance"])
TYPES = st.sampled_from(["Patient", "Observation", "Condition"])
NAMES = st.sampled_from(["patient", "subject", "_id"])


def statement(*resources: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": list(resources)}],
        **changed,
    }


@given(offered=st.dictionaries(TYPES, st.tuples(st.sets(CODES), st.sets(NAMES))))
def test_exactly_what_is_listed_is_offered(offered: dict[str, tuple[set[str], set[str]]]) -> None:
    resources = [
        {
            "type": kind,
            "interaction": [{"code": code} for code in codes],
            "searchParam": [{"name": name, "type": "reference"} for name in names],
        }
        for kind, (codes, names) in offered.items()
    ]
    found = Capabilities.of(statement(*resources), "here")
    for kind in ("Patient", "Observation", "Condition"):
        codes, names = offered.get(kind, (set(), set()))
        for code in ("read", "vread", "update", "create", "search-type", "history-instance"):
            assert found.can(kind, code) == (code in codes)
        for name in ("patient", "subject", "_id"):
            assert found.searches(kind, name) == (name in names and "search-type" in codes)


def test_elements_are_compared() -> None:
    found = Capabilities.of(statement({"type": "Patient", "conditionalRead": "not-match"}), "here")
    assert found.says("Patient", "conditionalRead", "not-match", "full-support")
    assert not found.says("Patient", "conditionalRead", "full-support")
    assert not found.says("Observation", "conditionalRead", "not-match")


def test_what_a_client_says_it_does_is_not_offered() -> None:
    client = {
        "mode": "client",
        "resource": [{"type": "Patient", "interaction": [{"code": "read"}]}],
    }
    assert not Capabilities.of(statement(rest=[client]), "here").can("Patient", "read")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"resourceType": "OperationOutcome"}, "no CapabilityStatement"),
        ([], "no CapabilityStatement"),
        (statement(fhirVersion="3.0.2"), "FHIR 3.0.2"),
        (statement(fhirVersion="5.0.0"), "FHIR 5.0.0"),
    ],
)
def test_what_is_no_statement_of_r4_is_refused(wrong: object, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Capabilities.of(wrong, "here")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match="9/metadata: cannot be read"):
        read_capabilities("http://127.0.0.1:9/metadata", {})
