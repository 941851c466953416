from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from opentelemetry.trace import SpanKind
from prometheus_client import generate_latest

from reference_platform.decisions.built_in_observability import (
    BuiltInObservability,
    Pilot,
    Production,
)
from reference_platform.outcomes import Refusal

from .conftest import Start, patient


def test_every_edge_has_its_rate_errors_and_duration() -> None:
    production = Production()
    edge = production.edge("hub", "insurer")
    for outcome in ("ok", "ok", "timeout"):
        edge.outcome(outcome, 0.2)
    edge.breaker("open")
    shown = generate_latest(production.registry).decode()
    labels = 'edge="hub>insurer"'
    assert f'platform_edge_requests_total{{{labels},outcome="ok",service="hub"}} 2.0' in shown
    assert f'platform_edge_requests_total{{{labels},outcome="timeout",service="hub"}} 1.0' in shown
    assert f'platform_edge_seconds_count{{{labels},service="hub"}} 3.0' in shown
    assert f'platform_breaker_state{{{labels},service="hub"}} 2.0' in shown


def test_pilot_counts_nothing_of_an_edge_and_makes_no_trace() -> None:
    pilot = Pilot()
    edge = pilot.edge("hub", "insurer")
    edge.outcome("ok", 0.1)
    edge.breaker("open")
    assert generate_latest(pilot.registry) == b""
    with pilot.span("x", SpanKind.SERVER) as span:
        assert not span.is_recording()


def test_readiness_asks_the_dependencies_or_does_not() -> None:
    async def lost() -> None:
        raise Refusal(503, "records: cannot be reached.")

    async def ask(observability: BuiltInObservability) -> None:
        await observability.readiness(lost)()

    asyncio.run(ask(Pilot()))
    with pytest.raises(Refusal):
        asyncio.run(ask(Production()))


def test_log_lines_are_json_or_print(capsys: pytest.CaptureFixture[str]) -> None:
    facts = {"event": "request", "status": 500}
    Production().write(facts)
    assert json.loads(capsys.readouterr().err) == {"trace_id": None, **facts}
    Pilot().write(facts)
    assert capsys.readouterr().err == "request 500\n"


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "status"), [("production", 503), ("pilot", 200)])
def test_readiness_of_a_gateway_without_its_records(
    start: Start, profile: str, status: int
) -> None:
    platform = start(profile, edge_gateway_records="127.0.0.1:1")
    assert httpx.get(f"{platform.base_url}/health/ready").status_code == status
    assert httpx.get(f"{platform.base_url}/health/live").status_code == 200


@pytest.mark.slow
def test_the_edge_that_fails_is_the_one_that_the_metrics_name(start: Start) -> None:
    platform = start("production", edge_gateway_scheduling="127.0.0.1:1")

    def failures() -> dict[str, float]:
        shown = httpx.get(f"{platform.base_url}/metrics").text.splitlines()
        lines = [line for line in shown if line.startswith("platform_edge_requests_total")]
        return {
            line.split('"')[1]: float(line.split()[-1])
            for line in lines
            if 'outcome="failure"' in line
        }

    with platform.client() as client:
        patient(client)
        before = failures()  # while the platform started, others may not have been there yet
        assert client.get("/v1/slots").status_code == 503
        assert client.get("/v1/orders", params={"patient": "x"}).status_code == 200
    grown = {edge for edge, count in failures().items() if count > before.get(edge, 0.0)}
    assert grown == {"gateway>scheduling"}
