"""The document says what the server does; schemathesis holds it to that, and nothing stops it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from codeblue.proxy.api.openapi import openapi
from codeblue.proxy.api.routes import ANY, OURS, TOXIPROXY
from codeblue.proxy.toxics import STAGES

from ..conftest import Server, start

schemathesis.openapi.format(
    "host:port", st.sampled_from(["127.0.0.1:0", "localhost:0", "", "127.0.0.1:x", "[::1]:0"])
)
schemathesis.openapi.format("proxy", st.sampled_from(["p0", "p1", "p2", "none"]))
schemathesis.openapi.format("toxic", st.sampled_from(["latency_downstream", "noop_upstream"]))
DOCUMENT = openapi()
schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
schema.config.phases.coverage.enabled = False  # minutes, for what generation finds as well
HELD_TO = [
    CHECKS.get_one(name)
    for name in (
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    )
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own: what it is sent is worse than what others expect."""
    running = start()
    for number in range(3):
        running.create(f"p{number}", "127.0.0.1:9")
        running.toxic(f"p{number}", "latency")
    yield running
    assert running.stop() == 0


def test_it_is_served(server: Server) -> None:
    assert server.client.get("/openapi.json").json() == DOCUMENT


def test_it_has_every_route_and_verb_and_no_other() -> None:
    served = {
        (path, method.lower())
        for path, methods in {**TOXIPROXY, **OURS}.items()
        for method in (["get"] if ANY in methods else methods)
    }
    described = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method != "parameters"
    }
    assert described == served


def test_it_has_every_toxic_with_its_attributes() -> None:
    described = {
        each["properties"]["type"]["const"]: list(each["properties"]["attributes"]["properties"])
        for each in DOCUMENT["components"]["schemas"]["NewToxic"]["anyOf"]
    }
    assert described == {kind: list(stage.units) for kind, stage in STAGES.items()}


def test_every_reference_leads_somewhere() -> None:
    names = re.findall("#/components/schemas/([A-Za-z]+)", str(DOCUMENT))
    assert set(names) <= set(DOCUMENT["components"]["schemas"])


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_server_does_what_it_says(case: Any, server: Server) -> None:
    case.call_and_validate(base_url=server.url, checks=HELD_TO)
    assert server.client.get("/version").status_code == 200
