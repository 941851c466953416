"""The intake: what was accepted, refused, stored; and nothing is refused that is sound."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx

from codeblue.checks.corpus import CorpusItem
from codeblue.checks.intake import by_defect, send_corpus

ClientOf = Callable[..., httpx.Client]
BASE = {"resourceType": "Patient", "identifier": [{"value": "{marker}"}]}
FHIR = "application/fhir+json"


def _item(name: str, body: object, content_type: str = FHIR) -> CorpusItem:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lookup = "/v1/fhir/Patient?identifier={marker}"
    return CorpusItem("patient", "spoilt", name, "/v1/fhir/Patient", content_type, raw, lookup)


MALFORMED = [
    _item("unknown field", BASE | {"nickname": "x"}),
    _item("no type", {"identifier": [{"value": "{marker}"}]}),
    _item("syntax", b"{"),
    _item("list", []),
    _item("text", BASE, "text/plain"),
]


def test_what_a_careless_hospital_takes_is_found(hospital: ClientOf) -> None:
    intake = send_corpus(hospital("malformed"), MALFORMED)
    assert intake.accepted == ["patient / spoilt / unknown field", "patient / spoilt / text"]
    assert intake.failed == ["patient / spoilt / no type"]
    assert intake.refused == ["patient / spoilt / syntax", "patient / spoilt / list"]
    assert (intake.sent, intake.stored, intake.unreadable) == (5, 2, 0)
    assert by_defect(intake.accepted) == {"spoilt": 2}


def test_a_sound_hospital_refuses_all_and_takes_what_is_valid(hospital: ClientOf) -> None:
    malformed = [item for item in MALFORMED if item.name != "no type"]
    intake = send_corpus(hospital(), malformed)
    assert len(intake.refused) == intake.sent == 4
    assert intake.stored == 0
    valid = send_corpus(hospital(), [_item("base", BASE)])
    assert (len(valid.accepted), valid.stored) == (1, 1)


def test_a_refusal_for_another_reason_is_undecided(hospital: ClientOf) -> None:
    intake = send_corpus(hospital("rate limit"), MALFORMED[:1])
    assert intake.undecided == ["patient / spoilt / unknown field"]


def test_what_cannot_be_searched_any_more_is_unreadable(hospital: ClientOf) -> None:
    item = CorpusItem("patient", "spoilt", "lost", "/v1/fhir/Patient", FHIR, b"[]", "/nowhere")
    assert send_corpus(hospital(), [item]).unreadable == 1
