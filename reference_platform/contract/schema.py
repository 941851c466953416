"""JSON Schema 2020-12 of the contract's models, as OpenAPI 3.1 components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

REFERENCE = "#/components/schemas/{model}"


class _Schema(GenerateJsonSchema):
    """Without `"default": null`: an optional field is absent, it is never null."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def components(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Component name -> schema, for `models` and everything inside them."""
    wanted = [(model, "validation") for model in dict.fromkeys(models)]
    _, definitions = models_json_schema(
        wanted,  # type: ignore[arg-type]
        ref_template=REFERENCE,
        schema_generator=_Schema,
    )
    return dict(definitions["$defs"])


def reference(model: type[BaseModel]) -> dict[str, str]:
    """The `$ref` of a model; a generic one is named as pydantic names it."""
    name = model.__name__.replace("[", "_").replace("]", "_")
    return {"$ref": REFERENCE.format(model=name)}


def query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """OpenAPI parameter objects for the fields of a query model."""
    schema = model.model_json_schema(schema_generator=_Schema)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _untitled(field)}
        for name, field in schema["properties"].items()
    ]


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "title"}
