"""Operations of a contract: which take ids, which path belongs to which, and what was left out."""

from __future__ import annotations

from typing import Any

from codeblue.checks.operations import find, operations, uncovered

DOCUMENT = {
    "paths": {
        "/health": {"get": {}},
        "/things": {
            "get": {"parameters": [{"name": "patient", "in": "query"}, {"$ref": "#/c/count"}]},
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/c/new"}}}}
            },
        },
        "/things/{id}": {"get": {}, "put": {}},
        "/things/{id}/notes": {"get": {}},
        "/{kind}/mine": {"get": {}},
    },
    "c": {
        "count": {"name": "_count", "in": "query"},
        "new": {"anyOf": [{"properties": {"patient": {}, "text": {}}}, {"type": "null"}]},
    },
}
KNOWN = operations(DOCUMENT)


def test_sources_of_ids_are_found() -> None:
    ids = {f"{o.method} {o.template}": o.ids for o in KNOWN}
    assert ids == {
        "GET /health": frozenset(),
        "GET /things": {"query:patient"},
        "POST /things": {"body:patient"},
        "GET /things/{id}": {"path"},
        "PUT /things/{id}": {"path"},
        "GET /things/{id}/notes": {"path"},
        "GET /{kind}/mine": {"path"},
    }


def test_what_cannot_be_an_id_is_told_by_its_schema() -> None:
    day = {"type": "string", "pattern": "^(ge|le)?[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    schemas: dict[str, dict[str, Any]] = {
        "gender": {"enum": ["male", "female"], "type": "string"},
        "birthdate": {"type": "array", "items": day},
        "since": {"type": "string", "format": "date-time"},
        "from": {"type": "integer"},
        "_id": {"type": "string", "pattern": "^[A-Za-z0-9\\-.]{1,64}$"},
        "target": {"type": "string", "pattern": "^[A-Z][a-z]+/[A-Za-z0-9\\-.]{1,64}$"},
        "agent": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    }
    parameters = [{"name": name, "in": "query", "schema": s} for name, s in schemas.items()]
    [operation] = operations({"paths": {"/v/{version}": {"get": {"parameters": parameters}}}})
    assert operation.ids == {"query:_id", "query:target", "query:agent"}


def test_a_literal_wins_over_a_place() -> None:
    both = operations({"paths": {"/a/{id}": {"get": {}}, "/a/me": {"get": {}}}})
    found = find(both, "GET", "/a/me")
    assert found is not None
    assert found.template == "/a/me"
    assert find(KNOWN, "GET", "/things/1/notes/2") is None
    assert find(KNOWN, "DELETE", "/things/1") is None


def test_what_was_not_tried_is_named() -> None:
    nothing: frozenset[str] = frozenset()
    tried = [
        ("GET", "/things/1", nothing),
        ("GET", "/things", frozenset({"query:patient"})),
        ("POST", "/things", frozenset({"body:text"})),
        ("GET", "/things/1/notes", nothing),
        ("GET", "/x/mine", nothing),
    ]
    assert uncovered(KNOWN, tried) == ["POST /things (body:patient)", "PUT /things/{id} (path)"]


def test_nothing_is_left_when_all_was_tried() -> None:
    paths = {"{id}": "1", "{kind}": "x"}
    tried = []
    for operation in KNOWN:
        path = operation.template
        for place, value in paths.items():
            path = path.replace(place, value)
        tried.append((operation.method, path, operation.ids))
    assert uncovered(KNOWN, tried) == []
