"""The API described as OpenAPI 3.1, from the same tables that answer it."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from codeblue.proxy.api.call import Call
from codeblue.proxy.api.json_writing import dumps
from codeblue.proxy.api.replies import Reply, json_reply
from codeblue.proxy.toxics import STAGES, Stage

Schema = dict[str, Any]

INT64: Schema = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
TEXT: Schema = {"type": "string"}
ADDRESS: Schema = {"type": "string", "format": "host:port"}
NAME: Schema = {"type": "string", "minLength": 1}
_NUMBER: Schema = {"type": "number"}
_STREAMS = ["upstream", "downstream"]
_ERRORS = {
    400: "the body or a value is wrong",
    403: "a browser's User-Agent",
    404: "no such proxy, toxic or lease",
    409: "the name is taken",
    500: "the proxy cannot listen",
    503: "no answer within 25 s",
}
_CHECKED = {
    "name": "strict",
    "in": "query",
    "description": "1: refuse values out of range and unknown attributes",
    "schema": {"enum": ["0", "1"]},
}


async def document(_call: Call) -> Reply:
    """GET /openapi.json."""
    return json_reply(200, dumps(openapi()))


def openapi() -> Schema:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "codeblue fault proxy",
            "version": version("codeblue"),
            "description": "Toxiproxy's REST API (v2.12.0), with leases, decisions and counters.",
        },
        "paths": _server() | _proxies() | _toxics() | _leases(),
        "components": {"schemas": _schemas()},
    }


def _server() -> Schema:
    return {
        "/version": {"get": _does("the version", {200: _object(version=TEXT)})},
        "/reset": {"post": _does("enable all proxies, remove all toxics", {204: None}, (500,))},
        "/populate": {
            "post": _does(
                "create many proxies",
                {201: _object(proxies={"type": ["array", "null"], "items": _ref("Proxy")})},
                (400, 500),
                body={"type": "array", "items": _ref("NewProxy")},
            )
        },
        "/metrics": {"get": _does("Prometheus text", {200: None})},
        "/openapi.json": {"get": _does("this document", {200: {"type": "object"}})},
    }


def _proxies() -> Schema:
    every: Schema = {"type": "object", "additionalProperties": _ref("Proxy")}
    change = {"body": _ref("ProxyChange")}
    return {
        "/proxies": {
            "get": _does("all proxies", {200: every}),
            "post": _does(
                "create a proxy", {201: _ref("Proxy")}, (400, 409, 500), body=_ref("NewProxy")
            ),
        },
        "/proxies/{proxy}": _at("proxy")
        | {
            "get": _does("one proxy", {200: _ref("Proxy")}, (404,)),
            "post": _does("change a proxy", {200: _ref("Proxy")}, (400, 404, 500), **change),
            "patch": _does("change a proxy", {200: _ref("Proxy")}, (400, 404, 500), **change),
            "delete": _does("remove a proxy", {204: None}, (404,)),
        },
        "/proxies/{proxy}/counters": _at("proxy")
        | {"get": _does("what passed", {200: _ref("Counters")}, (404,))},
        "/proxies/{proxy}/decisions": _at("proxy")
        | {"get": _does("whom toxics bit", {200: _list(_ref("Decision"))}, (404,))},
    }


def _toxics() -> Schema:
    change = {"body": _ref("ToxicChange"), "parameters": [_CHECKED]}
    return {
        "/proxies/{proxy}/toxics": _at("proxy")
        | {
            "get": _does("its toxics", {200: _list(_ref("Toxic"))}, (404,)),
            "post": _does(
                "add a toxic",
                {200: _ref("Toxic")},
                (400, 404, 409),
                body=_ref("NewToxic"),
                parameters=[_CHECKED],
            ),
        },
        "/proxies/{proxy}/toxics/{toxic}": _at("proxy", "toxic")
        | {
            "get": _does("one toxic", {200: _ref("Toxic")}, (404,)),
            "post": _does("change a toxic", {200: _ref("Toxic")}, (400, 404), **change),
            "patch": _does("change a toxic", {200: _ref("Toxic")}, (400, 404), **change),
            "delete": _does("remove a toxic", {204: None}, (404,)),
        },
    }


def _leases() -> Schema:
    lasts = {"type": "integer", "minimum": 1, "maximum": 86_400_000, "description": "ms"}
    left = _object(expires_in={"type": "integer", "minimum": 0, "description": "ms"})
    return {
        "/leases": {
            "get": _does("all leases", {200: {"type": "object", "additionalProperties": left}})
        },
        "/leases/{owner}": _at("owner")
        | {
            "put": _does(
                "begin or renew a lease",
                {200: _object(owner=TEXT, expires_in=lasts)},
                (400,),
                body=_object(expires_in=lasts),
            ),
            "delete": _does("heal all that the owner holds", {204: None}, (404,)),
        },
    }


def _schemas() -> Schema:
    lease = {"lease": {"type": "string", "description": "a living lease, or it is refused"}}
    fields: Schema = {"listen": ADDRESS, "upstream": TEXT, "enabled": {"type": "boolean"}}
    toxicity: Schema = {"type": "number", "minimum": 0, "maximum": 1, "default": 1}
    count = {"type": "integer", "minimum": 0}
    return {
        "Proxy": _object(
            name=TEXT, **fields, Logger={"type": "object"}, toxics=_list(_ref("Toxic"))
        ),
        "NewProxy": {
            "type": "object",
            "required": ["name", "upstream"],
            "properties": {"name": NAME, **fields, "upstream": NAME, **lease},
        },
        "ProxyChange": {"type": "object", "properties": {**fields, "upstream": NAME, **lease}},
        "Toxic": _object(
            attributes={"type": "object"}, name=TEXT, type=TEXT, stream=TEXT, toxicity=_NUMBER
        ),
        "NewToxic": {"anyOf": [_new_toxic(stage, toxicity) for stage in STAGES.values()]},
        "ToxicChange": {
            "type": "object",
            "properties": {"attributes": _attributes(), "toxicity": toxicity},
        },
        "Counters": {"type": "object", "additionalProperties": count},
        "Decision": _object(
            connection=count, toxic=TEXT, stream={"enum": _STREAMS}, bites={"type": "boolean"}
        ),
        "Error": _object(error=TEXT, status={"type": "integer"}),
    }


def _new_toxic(stage: type[Stage], toxicity: Schema) -> Schema:
    summary = (stage.__doc__ or "").split("\n", maxsplit=1)[0]
    attributes = {name: INT64 | {"description": unit} for name, unit in stage.units.items()}
    return {
        "type": "object",
        "title": stage.kind,
        "description": summary,
        "required": ["type"],
        "properties": {
            "type": {"const": stage.kind},
            "name": TEXT,
            "stream": {"enum": [stage.stream] if stage.stream else _STREAMS},
            "toxicity": toxicity,
            "attributes": {"type": "object", "properties": attributes},
        },
    }


def _attributes() -> Schema:
    names = sorted({name for stage in STAGES.values() for name in stage.units})
    return {"type": "object", "properties": dict.fromkeys(names, INT64)}


def _does(
    summary: str,
    replies: dict[int, Schema | None],
    errors: tuple[int, ...] = (),
    **more: Any,
) -> Schema:
    operation: Schema = {"summary": summary, "responses": {}}
    for status, schema in replies.items():
        operation["responses"][str(status)] = {"description": summary} | _content(schema)
    for status in sorted({*errors, 403, 503}):
        operation["responses"][str(status)] = {"description": _ERRORS[status]}
    if "body" in more:
        operation["requestBody"] = _content(more["body"])
        operation["responses"].setdefault("400", {"description": _ERRORS[400]})
    if "parameters" in more:
        operation["parameters"] = more["parameters"]
    return operation


def _content(schema: Schema | None) -> Schema:
    return {} if schema is None else {"content": {"application/json": {"schema": schema}}}


def _at(*names: str) -> Schema:
    return {
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": NAME | {"format": name}}
            for name in names
        ]
    }


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": sorted(properties), "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
