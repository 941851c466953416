"""The published contract of the gateway: an OpenAPI 3.1 document made from its operations."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from reference_platform.contract.exchanges import OperationOutcome
from reference_platform.contract.primitives import ENTITY_TAG_PATTERN, ID_PATTERN
from reference_platform.contract.schema import components, query_parameters, reference
from reference_platform.outcomes import MEDIA_TYPE
from reference_platform.services.gateway.operations import OPERATIONS, Operation

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


def document() -> dict[str, Any]:
    """The OpenAPI document; the same for every profile, since it is what was promised."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Reference platform", "version": "1.0.0"},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": components(_models()),
        },
    }


def _models() -> list[type[BaseModel]]:
    models: list[type[BaseModel]] = [OperationOutcome]
    for operation in OPERATIONS:
        models += [operation.answer] + ([operation.body] if operation.body else [])
    return models


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
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
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", operation.path)
    schema = {"type": "string", "pattern": ID_PATTERN}
    parameters = [{"name": n, "in": "path", "required": True, "schema": schema} for n in names]
    parameters += query_parameters(operation.query) if operation.query else []
    parameters += [_IF_MATCH] if operation.if_match else []
    return parameters + ([_IDEMPOTENCY_KEY] if operation.idempotency_key else [])


def _responses(operation: Operation) -> dict[str, Any]:
    success: dict[str, Any] = {
        "description": HTTPStatus(operation.status).phrase,
        "content": _content(operation.answer),
    }
    if headers := _headers(operation):
        success["headers"] = headers
    refusals = {str(status): _refusal(status) for status in operation.statuses}
    return {str(operation.status): success, **refusals}


def _headers(operation: Operation) -> dict[str, Any]:
    text = {"required": True, "schema": {"type": "string"}}
    wanted = {"ETag": operation.versioned, "Location": operation.created}
    return {name: text for name, given in wanted.items() if given}


def _refusal(status: int) -> dict[str, Any]:
    return {"description": HTTPStatus(status).phrase, "content": _content(OperationOutcome)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {MEDIA_TYPE: {"schema": reference(model)}}
