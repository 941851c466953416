"""The published contract of the gateway: an OpenAPI 3.1 document made from its operations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from reference_platform.contract.exchanges import OperationOutcome
from reference_platform.contract.primitives import ENTITY_TAG_PATTERN, ID_PATTERN
from reference_platform.contract.schema import components, query_parameters, reference
from reference_platform.outcomes import MEDIA_TYPE
from reference_platform.services.gateway.operations import OPERATIONS, Operation

_FORM = "application/x-www-form-urlencoded"
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that is to be replaced.",
    "schema": {"type": "string", "pattern": ENTITY_TAG_PATTERN},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body give the same answer, and one effect.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}


_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The ETag of the version that is known already.",
    "schema": {"type": "string", "pattern": ENTITY_TAG_PATTERN},
}
_IF_NONE_EXIST = {
    "name": "If-None-Exist",
    "in": "header",
    "required": False,
    "description": "identifier=system|value: create only when nothing has it yet.",
    "schema": {"type": "string", "pattern": r"^\??identifier=[!-%'-~]{1,500}$"},
}
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}


def document(version: str = "v1") -> dict[str, Any]:
    """The OpenAPI document of the paths under `/{version}`.

    The same for every profile, since it is what was promised.
    """
    operations = [each for each in OPERATIONS if each.path.startswith(f"/{version}/")]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Reference platform", "version": f"{version.removeprefix('v')}.0.0"},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": _paths(operations),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": components(_models(operations)),
        },
    }


def _models(operations: Sequence[Operation]) -> list[type[BaseModel]]:
    models: list[type[BaseModel]] = [OperationOutcome]
    for operation in operations:
        models += [model for model in (operation.answer, operation.body, operation.form) if model]
    return models


def _paths(operations: Sequence[Operation]) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return paths


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body:
        described["requestBody"] = {"required": True, "content": _content(operation.body)}
    if operation.form:
        schema = {"schema": reference(operation.form)}
        described["requestBody"] = {"required": True, "content": {_FORM: schema}}
    if operation.public:
        described["security"] = []
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", operation.path)
    schema = {"type": "string", "pattern": ID_PATTERN}
    parameters = [{"name": n, "in": "path", "required": True, "schema": schema} for n in names]
    parameters += query_parameters(operation.query) if operation.query else []
    headers = [
        (_IF_MATCH, operation.if_match),
        (_IF_NONE_MATCH, operation.if_none_match),
        (_IF_NONE_EXIST, operation.if_none_exist),
        (_IDEMPOTENCY_KEY, operation.idempotency_key),
    ]
    return parameters + [header for header, taken in headers if taken]


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {"description": _phrase(operation.status)}
    if operation.answer:
        success["content"] = _content(operation.answer)
    if headers := _headers(operation):
        success["headers"] = headers
    refusals = {str(status): _refusal(status) for status in operation.statuses}
    return {str(operation.status): success, **_besides(operation, success), **refusals}


def _besides(operation: Operation, success: dict[str, Any]) -> dict[str, Any]:
    """What is answered when the condition of a header holds."""
    besides = {}
    if operation.if_none_exist:
        besides["200"] = success | {"description": "OK, it was there already"}
    if operation.if_none_match:
        besides["304"] = {"description": _phrase(304)}
    return besides


def _phrase(status: int) -> str:
    """As RFC 9110 has it; the names that older versions of Python still have are older."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def _headers(operation: Operation) -> dict[str, Any]:
    text = {"required": True, "schema": {"type": "string"}}
    wanted = {
        "ETag": operation.versioned,
        "Last-Modified": operation.versioned,
        "Location": operation.created,
    }
    return {name: text for name, given in wanted.items() if given}


def _refusal(status: int) -> dict[str, Any]:
    return {"description": _phrase(status), "content": _content(OperationOutcome)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": reference(model)}}
