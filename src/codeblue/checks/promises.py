"""Oracle for a published contract: is an answer what the OpenAPI document promises to clients?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import jsonschema_rs

from codeblue.checks.operations import find, operations


def breaches(document: Mapping[str, Any], answers: Sequence[httpx.Response]) -> list[str]:
    """What ``answers`` are that an OpenAPI 3.1 ``document`` does not promise, one line each.

    An answer keeps the promise when its operation is named, its status is listed, and its body
    has the schema of that status.
    """
    return [line for answer in answers for line in _breaches(document, answer)]


def _breaches(document: Mapping[str, Any], answer: httpx.Response) -> Iterator[str]:
    method, path = answer.request.method, answer.request.url.path
    operation = find(operations(document), method, path)
    if operation is None:
        yield f"{method} {path}: the contract names no such operation"
        return
    described = document["paths"][operation.template][method.lower()]["responses"]
    name = f"{method} {operation.template} {answer.status_code}"
    if str(answer.status_code) not in described:
        yield f"{name}: the contract does not list this status"
        return
    content = described[str(answer.status_code)].get("content", {})
    schema = next((media["schema"] for media in content.values() if "schema" in media), None)
    if schema is not None and (problem := _problem(document, schema, answer)):
        yield f"{name}: {problem}"


def _problem(
    document: Mapping[str, Any], schema: Mapping[str, Any], answer: httpx.Response
) -> str | None:
    """Why the body is not of ``schema``; None when it is."""
    whole = {**schema, "components": document.get("components", {})}
    try:
        jsonschema_rs.validate(whole, answer.json())
    except jsonschema_rs.ValidationError as error:
        return str(error.message)
    except ValueError:
        return "the body is not JSON"
    return None
