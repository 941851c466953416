from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from opentelemetry.trace import SpanKind

from reference_platform import tracing

from .conftest import Running, Start, patient, slot, until

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


CLIENT_SPAN = "00f067aa0ba902b7"


class Trace:
    """A trace that the client began, as far as the files have it now."""

    def __init__(self, platform: Running) -> None:
        self.id = uuid4().hex
        self.headers = {"traceparent": f"00-{self.id}-{CLIENT_SPAN}-01"}
        self._folder = platform.settings.data_folder / "logs"

    def spans(self) -> list[dict[str, object]]:
        return [span for span in spans(self._folder) if span["trace_id"] == self.id]

    def connects(self, key: str, wanted: set[str]) -> bool:
        """Whether it has all of `wanted` under `key`, and every span hangs on another one."""
        found = self.spans()
        known = {CLIENT_SPAN, *(span["span_id"] for span in found)}
        connected = all(span["parent_id"] in known for span in found)
        return connected and wanted <= {str(span[key]) for span in found}


@pytest.mark.slow
def test_one_request_is_one_trace_through_the_services(start: Start) -> None:
    platform = start("production")
    trace = Trace(platform)
    with platform.client() as client:
        chart = f"/v1/patients/{patient(client)}/chart"
        assert client.get(chart, headers=trace.headers).status_code == 200
    until(lambda: trace.connects("service", {"gateway", "records"}), 15)


@pytest.mark.slow
def test_one_referral_is_one_trace_through_the_queue_the_hub_and_mllp(start: Start) -> None:
    platform = start("production")
    trace = Trace(platform)
    with platform.client() as client:
        wanted = {"patient": patient(client), "slot": slot(client), "specialty": "CARD"}
        wanted |= {"payer": "ACME", "member": "M-1"}
        place = client.post("/v1/referrals", json=wanted, headers=trace.headers).headers["Location"]
        until(lambda: client.get(place).json()["status"] == "completed")
    edges = {"gateway>worker", "worker>hub", "hub>insurer", "hub>ehr", "worker>sms"}
    until(lambda: trace.connects("name", edges), 15)
    assert {span["service"] for span in trace.spans()} >= {"gateway", "worker", "hub"}


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
