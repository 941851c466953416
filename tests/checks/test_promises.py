from __future__ import annotations

from typing import Any

import httpx
import pytest

from codeblue.checks.promises import breaches

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/v1/things/{id}": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "204": {"description": "Nothing"},
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}},
            }
        }
    },
}


def answer(status: int, content: bytes = b"", path: str = "/v1/things/7") -> httpx.Response:
    request = httpx.Request("GET", f"http://platform{path}")
    return httpx.Response(status, content=content, request=request)


@pytest.mark.parametrize(
    "kept", [answer(200, b'{"name": "a"}'), answer(200, b'{"name": "a", "new": 1}'), answer(204)]
)
def test_what_was_promised_is_no_breach_and_neither_is_more(kept: httpx.Response) -> None:
    assert breaches(DOCUMENT, [kept]) == []


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (answer(200, b'{"title": "a"}'), "name"),
        (answer(200, b'{"name": 7}'), "string"),
        (answer(200, b"<html>"), "not JSON"),
        (answer(418), "does not list this status"),
        (answer(200, b"{}", "/v1/thing"), "names no such operation"),
    ],
)
def test_what_was_not_promised_is_named(broken: httpx.Response, why: str) -> None:
    [line] = breaches(DOCUMENT, [broken])
    assert why in line
