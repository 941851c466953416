from __future__ import annotations

from typing import Any

import jsonschema_rs
from hypothesis import given
from hypothesis import strategies as st

from codeblue.fuzz.request_schemas import simplify

CONCEPT = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": {
        "text": {"type": "string"},
        "coding": {
            "type": "array",
            "maxItems": 50,
            "items": {"$ref": "#/components/schemas/Coding"},
        },
    },
}
CODING = {
    "type": "object",
    "required": ["code"],
    "properties": {"system": {"type": "string"}, "code": {"$ref": "#/components/schemas/Code"}},
}
EXTENSION: dict[str, Any] = {
    "type": "object",
    "required": ["part"],
    "properties": {"part": {"$ref": "#/components/schemas/Extension"}},
}
SCHEMAS = {
    "Concept": CONCEPT,
    "Coding": CODING,
    "Code": {"type": "string", "maxLength": 3},
    "Extension": EXTENSION,
}


def simplified(schema: dict[str, Any], seed: int = 0) -> Any:
    operation = {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"content": {"application/json": {"schema": schema}}}},
    }
    document = {"paths": {"/x": {"post": operation}}, "components": {"schemas": SCHEMAS}}
    simple = simplify(document, seed)["paths"]["/x"]["post"]
    assert simple["responses"] == operation["responses"]
    return simple["requestBody"]["content"]["application/json"]["schema"]


def nested(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` one level down, where optional members go."""
    return {"type": "object", "required": ["a"], "properties": {"a": schema}}


def test_the_top_level_keeps_a_few_optional_members() -> None:
    concept = simplified({"$ref": "#/components/schemas/Concept"})
    assert set(concept["properties"]) == {"text", "coding"}


def test_which_of_many_is_up_to_the_seed() -> None:
    names = [f"m{n}" for n in range(30)]
    schema = {"properties": {name: {"type": "integer"} for name in names}, "required": ["m7"]}
    kept = [frozenset(simplified(schema, seed)["properties"]) for seed in (1, 1, 2)]
    assert kept[0] == kept[1] != kept[2]
    assert all("m7" in one and 1 < len(one) < len(names) for one in kept)


def test_below_it_only_what_must_be_there_stays() -> None:
    coding = simplified(nested({"$ref": "#/components/schemas/Coding"}))["properties"]["a"]
    assert coding["properties"] == {"code": {"type": "string", "maxLength": 3}}
    concept = simplified(nested({"$ref": "#/components/schemas/Concept"}))["properties"]["a"]
    assert concept["properties"] == {"text": {"type": "string"}}


def test_lists_get_short_but_not_too_short() -> None:
    assert simplified({"type": "array", "items": {}, "maxItems": 500})["maxItems"] == 2
    assert simplified({"type": "array", "items": {}, "maxItems": 1})["maxItems"] == 1
    assert simplified({"type": "array", "items": {}, "minItems": 4})["maxItems"] == 4


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    schema = simplified({"$ref": "#/components/schemas/Extension"})
    assert str(schema).count("'part': {") < 12


@given(st.lists(st.sampled_from(["a", "b", "c"]), unique=True), st.integers(0, 3))
def test_what_the_simple_schema_allows_the_original_allows_too(
    required: list[str], least: int
) -> None:
    inner = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": least,
        "required": required,
        "properties": {name: {"type": "integer"} for name in "abc"},
    }
    simple = simplified(nested(inner))
    body = {"a": dict.fromkeys(simple["properties"]["a"]["properties"], 1)}
    jsonschema_rs.validator_for(simple).validate(body)
    jsonschema_rs.validator_for(nested(inner)).validate(body)
