from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from opentelemetry.trace import SpanKind

from reference_platform import tracing

from .conftest import Start, patient, until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def spans(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.open()]


def test_spans_continue_the_trace_of_their_parent(tmp_path: Path) -> None:
    recorder = tracing.Spans()
    with (
        recorder.recording("hub", tmp_path / "spans.jsonl"),
        recorder.span("outer", SpanKind.SERVER, PARENT),
        recorder.span("inner", SpanKind.CLIENT) as inner,
    ):
        assert tracing.trace_id() == PARENT[3:35]
        ours = f"00-{PARENT[3:35]}-{inner.get_span_context().span_id:016x}-01"
        assert tracing.headers() == {"traceparent": ours}
    first, second = spans(tmp_path)
    assert (first["name"], second["name"]) == ("inner", "outer")
    assert (first["parent_id"], second["parent_id"]) == (second["span_id"], PARENT[36:52])
    assert tracing.traceparent() is tracing.trace_id() is None


@pytest.mark.parametrize("malformed", ["", "00-x-y-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_malformed_parent_counts_as_none(tmp_path: Path, malformed: str) -> None:
    recorder = tracing.Spans()
    with (
        recorder.recording("hub", tmp_path / "spans.jsonl"),
        recorder.span("alone", SpanKind.SERVER, malformed),
    ):
        assert tracing.trace_id() is not None
    assert spans(tmp_path)[0]["parent_id"] is None


@pytest.mark.slow
def test_one_request_is_one_trace_through_the_services(start: Start) -> None:
    platform = start("production")
    folder = platform.settings.data_folder / "logs"
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with platform.client() as client:
        known = patient(client)
        headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        assert client.get(f"/v1/patients/{known}/chart", headers=headers).status_code == 200
    until(lambda: len([s for s in spans(folder) if s["trace_id"] == trace]) >= 3, 15)
    mine = [span for span in spans(folder) if span["trace_id"] == trace]
    assert {span["service"] for span in mine} >= {"gateway", "records"}
    ids = {span["span_id"] for span in mine} | {"00f067aa0ba902b7"}
    assert {span["parent_id"] for span in mine} <= ids


@pytest.mark.slow
def test_in_flight_and_answered_requests_are_counted_in_both_variants(start: Start) -> None:
    for profile in ("production", "pilot"):
        platform = start(profile)
        with platform.client() as client:
            patient(client)
        text = httpx.get(f"{platform.base_url}/metrics").text
        assert 'platform_requests_in_flight{service="gateway"} 0.0' in text
        line = 'platform_requests_total{route="/v1/fhir/Patient",service="gateway",status="201"}'
        assert line in text
