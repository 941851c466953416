from __future__ import annotations

import copy
import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_platform.contract.__main__ import FOLDER, main, publish, text
from reference_platform.contract.compatibility import breaking_changes
from reference_platform.decisions.versioned_api import FIRST, VERSIONS, Pilot, Production
from reference_platform.services.gateway.versions import published

from .conftest import Start, patient

COMMITTED = {version: json.loads((FOLDER / f"{version}.json").read_text()) for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_published_is_what_is_served(version: str) -> None:
    advice = "Run `python -m reference_platform.contract publish` and commit what it writes."
    served = text(published(version))
    assert (FOLDER / f"{version}.json").read_text() == served, advice


@pytest.mark.parametrize("version", VERSIONS)
def test_every_reference_of_a_version_leads_somewhere(version: str) -> None:
    document = published(version)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', text(document)))
    assert references <= set(document["components"]["schemas"])
    assert all(path.startswith(f"/{version}/") for path in document["paths"])


def small() -> dict[str, Any]:
    """A contract of one operation that has everything that can break."""
    thing = {
        "type": "object",
        "additionalProperties": False,
        "required": ["a", "b"],
        "properties": {
            "a": {"type": "string", "maxLength": 5, "pattern": "^x"},
            "b": {"enum": ["one", "two"]},
            "c": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
            "d": {"anyOf": [{"type": "string"}, {"type": "number"}]},
            "e": {"type": "integer", "minimum": 1, "maximum": 9},
        },
    }
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    operation = {
        "parameters": [
            {"in": "query", "name": "q", "required": False, "schema": {"type": "string"}}
        ],
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {"content": content, "headers": {"ETag": {}}},
            "404": {"content": content},
        },
    }
    return {
        "paths": {"/v1/things": {"post": operation, "get": {"responses": {}}}, "/v1/x": {}},
        "components": {"schemas": {"Thing": thing}},
    }


def put(document: dict[str, Any], place: str, value: object) -> dict[str, Any]:
    """A copy of `document` with `value` at `place`; None removes."""
    changed = copy.deepcopy(document)
    *way, last = place.split(" ")
    here: Any = changed
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    return changed


POST = "paths /v1/things post"
THING = "components schemas Thing"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("paths /v1/x", None, "/v1/x: removed"),
        ("paths /v1/things get", None, "GET /v1/things: removed"),
        (f"{POST} responses 404", None, "answer 404: removed"),
        (f"{POST} responses 200 headers ETag", None, "header ETag: removed"),
        (f"{POST} parameters 0 required", True, "query parameter q: required now"),
        (f"{POST} parameters", [], "query parameter q: removed"),
        (f"{POST} requestBody content application/json", None, "application/json: removed"),
        (f"{THING} properties e", None, "answer 200.e: removed"),
        (f"{THING} required", ["a", "b", "e"], "body.e: required now"),
        (f"{THING} required", ["a"], "answer 200.b: may be missing now"),
        (f"{THING} properties b", {"enum": ["one"]}, "body.b: values narrowed"),
        (f"{THING} properties b", {"enum": ["one", "two", "3"]}, "answer 200.b: values widened"),
        (f"{THING} properties a type", "integer", "body.a: type narrowed"),
        (f"{THING} properties a type", ["string", "null"], "answer 200.a: type widened"),
        (f"{THING} properties a maxLength", 4, "body.a: maxLength narrowed from 5 to 4"),
        (f"{THING} properties a maxLength", None, "answer 200.a: maxLength widened"),
        (f"{THING} properties a pattern", "^y", "body.a: pattern narrowed"),
        (f"{THING} properties e minimum", 2, "body.e: minimum narrowed from 1 to 2"),
        (f"{THING} properties d anyOf", [{"type": "string"}], "body.d: number: accepted no longer"),
        (
            f"{THING} properties d anyOf",
            [{"type": "string"}, {"type": "number"}, {"type": "boolean"}],
            "answer 200.d: boolean: answered now",
        ),
    ],
)
def test_what_takes_something_back_is_named(place: str, value: object, said: str) -> None:
    assert any(said in change for change in breaking_changes(small(), put(small(), place, value)))


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("paths /v1/new", {"get": {}}),
        (f"{THING} properties f", {"type": "string"}),
        (f"{POST} responses 409", {}),
        (f"{POST} requestBody required", False),
        (f"{POST} summary", "new words"),
    ],
)
def test_what_only_adds_breaks_nothing(place: str, value: object) -> None:
    assert breaking_changes(small(), put(small(), place, value)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_contract_breaks_nothing_of_itself(version: str) -> None:
    assert breaking_changes(COMMITTED[version], published(version)) == []


@settings(deadline=None, max_examples=20)
@given(st.data())
def test_no_removal_of_an_operation_goes_unnoticed(data: st.DataObject) -> None:
    document = COMMITTED[FIRST]
    path = data.draw(st.sampled_from(sorted(document["paths"])))
    method = data.draw(st.sampled_from(sorted(document["paths"][path])))
    paths = {**document["paths"], path: {**document["paths"][path]}}
    del paths[path][method]
    assert breaking_changes(document, {**document, "paths": paths})
    assert breaking_changes({**document, "paths": paths}, document) == []


def test_a_breaking_change_is_published_by_force_only(tmp_path: Path) -> None:
    assert publish(tmp_path, force=False) == []
    promised = put(published(FIRST), "paths /v1/gone", {"get": {}})
    (tmp_path / "v1.json").write_text(text(promised))
    assert publish(tmp_path, force=False) == ["v1: /v1/gone: removed."]
    assert "/v1/gone" in (tmp_path / "v1.json").read_text()
    assert publish(tmp_path, force=True)
    assert "/v1/gone" not in (tmp_path / "v1.json").read_text()
    with pytest.raises(SystemExit):
        main(["retract"])


@pytest.mark.parametrize(
    ("accept", "good"),
    [
        ("*/*", True),
        ("application/json", True),
        ("application/json; version=1", True),
        ('application/json; version="v1"', True),
        ("application/json; version=2", False),
        ("application/json; version=9", False),
        ("application/json; version=9, */*;q=0.1", True),
        ("application/fhir+json; fhirVersion=4.0", True),
    ],
)
def test_the_version_of_a_media_type(accept: str, good: bool) -> None:
    assert Production().acceptable(FIRST, accept) is good
    assert Pilot().acceptable(FIRST, accept)


QUESTION = {"payer": "AOK", "member": "M 1"}
OLD = {"status": "active", **QUESTION}


def schema_of(document: dict[str, Any], path: str) -> dict[str, Any]:
    answer = document["paths"][path]["post"]["responses"]["200"]["content"]
    return {**answer["application/json"]["schema"], "components": document["components"]}


@pytest.mark.slow
def test_two_versions_side_by_side_in_production(start: Start) -> None:
    with start("production").client() as client:
        question = {"patient": patient(client), **QUESTION}
        old, new = (client.post(f"/{v}/eligibility", json=question) for v in VERSIONS)
        contracts = [client.get(f"/{v}/openapi.json").json() for v in VERSIONS]
    assert old.json() == OLD
    assert parsedate_to_datetime(old.headers["Sunset"]).timestamp() > int(
        old.headers["Deprecation"].removeprefix("@")
    )
    assert old.headers["Link"] == '</v2/eligibility>; rel="successor-version"'
    assert not {"Deprecation", "Sunset", "Link"} & {name.title() for name in new.headers}
    for version, answer, contract in zip(VERSIONS, (old, new), contracts, strict=True):
        jsonschema_rs.validate(schema_of(contract, f"/{version}/eligibility"), answer.json())
    assert contracts == [json.loads(text(published(version))) for version in VERSIONS]


@pytest.mark.slow
def test_in_pilot_the_release_breaks_the_client_of_the_first_version(start: Start) -> None:
    with start("pilot").client() as client:
        question = {"patient": patient(client), **QUESTION}
        answers = [client.post(f"/{v}/eligibility", json=question) for v in ("v1", "v2", "v99")]
        contract = client.get("/v1/openapi.json").json()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert not any("Deprecation" in answer.headers for answer in answers)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema_of(contract, "/v1/eligibility"), answers[0].json())


@pytest.mark.slow
def test_what_is_no_version_is_not_answered(start: Start) -> None:
    with start("production").client() as client:
        for answer in (client.get("/v9/slots"), client.delete("/v0/fhir/Patient/1")):
            assert answer.status_code == 404
            assert "v1, v2" in answer.json()["issue"][0]["diagnostics"]
        accept = {"Accept": "application/json; version=9"}
        assert client.get("/v1/slots", headers=accept).status_code == 406
        assert client.get("/v2/nothing").status_code == 404
        assert client.delete("/v2/slots").status_code == 405


@pytest.mark.slow
def test_links_stay_in_the_version_that_was_asked(start: Start) -> None:
    with start("production").client() as client:
        resource = {"resourceType": "Patient", "name": [{"family": "Versioned"}]}
        created: list[httpx.Response] = []
        for version in VERSIONS:
            created.append(client.post(f"/{version}/fhir/Patient", json=resource))
            bundle = client.get(f"/{version}/fhir/Patient", params={"_count": "1"}).json()
            links = [link["url"] for link in bundle.get("link", ())]
            assert all(f"/{version}/fhir" in link for link in links)
    for version, answer in zip(VERSIONS, created, strict=True):
        assert f"/{version}/fhir/Patient/" in answer.headers["Location"]
