from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_platform.decisions.phi_safe_telemetry import Pilot, Production, pseudonym

from .conftest import Running, Start


def crash(marker: str) -> Exception:
    try:
        int(marker)
    except ValueError as error:
        return error
    raise AssertionError


@given(st.dictionaries(st.text(), st.uuids().map(str)))
@example({"ids": "patient-1"})
def test_only_allowed_fields_get_through(facts: dict[str, str]) -> None:
    allowed = {"event": "request", "status": 500, "route": "/v1/orders"}
    kept = Production().fields({**facts, "body": "x", **allowed}, "secret")
    assert allowed.items() <= kept.items()
    assert not {"body", "ids"} & set(kept)
    assert Pilot().fields(facts, "secret") == facts


def test_ids_become_pseudonyms_that_only_the_platform_can_make() -> None:
    kept = Production().fields({"ids": {"id": "patient-1"}}, "secret")
    assert kept == {"ids": {"id": pseudonym("patient-1", "secret")}}
    assert pseudonym("patient-1", "secret") != pseudonym("patient-1", "other")
    assert "patient-1" not in str(kept)


def test_an_error_is_told_without_its_message() -> None:
    marker = uuid4().hex
    error = crash(f"x{marker}")
    assert marker not in Production().failure(error) + Production().stack(error)
    assert "crash" in Production().stack(error)
    assert marker in Pilot().failure(error)


def misfortunes(platform: Running, marker: str) -> str:
    """The error bodies of requests that name somebody and fail, one of them by a crash."""
    person = {
        "resourceType": "Patient",
        "name": [{"family": marker}],
        "birthDate": marker,
        "identifier": [{"system": "urn:mrn", "value": marker}],
    }
    with platform.client() as client:
        known = client.post("/v1/fhir/Patient", json=person).json()["id"]
        answers = [
            client.get(f"/v1/patients/{known}/chart"),
            client.get(f"/v1/visits/{marker}"),
            client.get(f"/v1/orders/{marker}", params={"name": marker}),
            client.post("/v1/orders", json={"patient": marker, "code": marker, "quantity": 1}),
        ]
    assert answers[0].status_code == 500
    assert all(answer.status_code >= 400 for answer in answers)
    return "".join(answer.text for answer in answers)


def telemetry(platform: Running) -> str:
    ports = [platform.settings.gateway_port, platform.settings.records_port]
    shown = [httpx.get(f"http://127.0.0.1:{port}/metrics").text for port in ports]
    logs: Path = platform.settings.data_folder / "logs"
    return "".join(shown) + "".join(file.read_text() for file in logs.glob("spans-*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("profile", "leaks"),
    [
        # Without validation the birth date is stored, and the chart that reads it crashes.
        ("production-schema_validation", False),
        ("pilot", True),
    ],
)
def test_markers_in_logs_spans_metrics_and_answers(
    start: Start, capfd: pytest.CaptureFixture[str], profile: str, *, leaks: bool
) -> None:
    platform, marker = start(profile), f"MARKER{uuid4().hex}"
    bodies = misfortunes(platform, marker)
    platform.client().close()
    written = capfd.readouterr()
    assert (marker in bodies) == leaks
    assert (marker in written.out + written.err) == leaks
    assert '"event":"request"' in written.err or leaks
    assert marker not in telemetry(platform)
