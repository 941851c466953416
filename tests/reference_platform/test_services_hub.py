from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import httpx
import pytest

from .conftest import Running, Start, patient


def ehr(platform: Running) -> dict[str, int]:
    port = platform.settings.insurer_port
    told: dict[str, int] = httpx.get(f"http://127.0.0.1:{port}/ehr/calls").json()
    return told


@contextmanager
def mode(platform: Running, partner: str, path: str = "/mode", **wanted: object) -> Iterator[None]:
    """A partner in another mode for as long as this lasts."""
    place = f"http://127.0.0.1:{getattr(platform.settings, f'{partner}_port')}{path}"
    assert httpx.post(place, json=wanted).status_code == 200
    try:
        yield
    finally:
        httpx.post(place, json={})


@pytest.mark.slow
def test_a_repeated_lab_request_is_one_order(start: Start) -> None:
    platform = start("production")
    with platform.client() as client:
        wanted = {"patient": patient(client), "code": "718-7"}
        key, before = {"Idempotency-Key": uuid4().hex}, ehr(platform)
        answers = [client.post("/v1/lab-requests", json=wanted, headers=key) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        assert len({answer.json()["control_id"] for answer in answers}) == 1
        after = ehr(platform)
        assert after["orders"] - before["orders"] == 1
        assert after["calls"] - before["calls"] == after["traced"] - before["traced"] == 1


@pytest.mark.slow
def test_a_lab_request_is_cancelled_by_its_id_or_its_key(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, platform.client("lakeside") as other:
        wanted = {"patient": patient(client), "code": "718-7"}
        for by_key in (False, True):
            key = uuid4().hex
            headers, before = {"Idempotency-Key": key}, ehr(platform)["cancelled"]
            order = client.post("/v1/lab-requests", json=wanted, headers=headers).json()
            place = f"/v1/lab-requests/{key if by_key else order['control_id']}/cancellation"
            assert other.post(place).status_code == 404
            for _ in range(2):
                answer = client.post(place)
                told = {"id": order["control_id"], "state": "cancelled"}
                assert (answer.status_code, answer.json()) == (200, told)
            assert ehr(platform)["cancelled"] == before + 1
            late = client.post("/v1/lab-requests", json=wanted, headers=headers)
            assert late.status_code == 409
        assert client.post("/v1/lab-requests/nothing/cancellation").status_code == 404


@pytest.mark.slow
def test_the_habits_of_a_real_ehr_do_no_harm(start: Start) -> None:
    """Late, repeated and foreign-looking acknowledgements, but no failure."""
    platform = start("production")
    with (
        platform.client() as client,
        mode(platform, "insurer", "/ehr/mode", mode="real", failure_rate=0, delay_ms=0, seed=7),
    ):
        wanted, before = {"patient": patient(client), "code": "718-7"}, ehr(platform)["orders"]
        codes = [client.post("/v1/lab-requests", json=wanted).status_code for _ in range(12)]
    assert (codes, ehr(platform)["orders"] - before) == ([201] * 12, 12)


@pytest.mark.slow
def test_a_transfer_arrives_once(start: Start) -> None:
    platform = start("production")
    partner = f"http://127.0.0.1:{platform.settings.fhir_partner_port}"
    with platform.client() as client:
        wanted = {"patient": patient(client, "Transferred")}
        key = {"Idempotency-Key": uuid4().hex}
        before = httpx.get(f"{partner}/calls").json()["resources"]
        answers = [client.post("/v1/transfers", json=wanted, headers=key) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201] * 3
        (told,) = {answer.text for answer in answers}
        sent = httpx.get(partner + answers[0].json()["location"]).json()
        assert sent["name"][0]["family"] == "Transferred"
        assert httpx.get(f"{partner}/calls").json()["resources"] == before + 1, told
        assert client.post("/v1/transfers", json={"patient": "nobody"}).status_code == 404


@pytest.mark.slow
def test_a_transfer_that_failed_may_be_tried_again(start: Start) -> None:
    platform = start("production-circuit_breakers")
    with platform.client() as client:
        wanted, key = {"patient": patient(client)}, {"Idempotency-Key": uuid4().hex}
        with mode(platform, "fhir_partner", mode="real", failure_rate=1, delay_ms=0, seed=3):
            failed = client.post("/v1/transfers", json=wanted, headers=key)
            assert failed.status_code in (502, 503, 504)
        assert client.post("/v1/transfers", json=wanted, headers=key).status_code == 201


@pytest.mark.slow
def test_an_insurer_in_every_mood_is_understood_or_refused(start: Start) -> None:
    platform = start("production-circuit_breakers")
    with platform.client() as client:
        wanted = {"patient": patient(client), "payer": "P1", "member": "M1"}
        with mode(platform, "insurer", mode="real", failure_rate=0, delay_ms=0, seed=1):
            answers = [client.post("/v1/eligibility", json=wanted) for _ in range(12)]
            told = {"status": "active", "payer": "P1", "member": "M1"}
            assert [answer.json() for answer in answers] == [told] * 12
        with mode(platform, "insurer", failure_rate=1):
            assert client.post("/v1/eligibility", json=wanted).status_code == 502


class Rogue(BaseHTTPRequestHandler):
    """A partner that answers what it is told to: status, headers, body."""

    answer: tuple[int, dict[str, str], bytes] = (200, {}, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = self.answer
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002


@pytest.fixture(scope="module")
def rogue() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Rogue) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


SCRIPT = b'{"status": "<script>alert(1)</script>", "member": "M1"}'
PLACE = "/fhir/Patient/1"


@pytest.mark.slow
def test_what_partners_say_is_not_believed(start: Start, rogue: str) -> None:
    """Wrong types, redirects, script, too much, another patient: 502, and nothing is kept."""
    edges = {"edge_hub_insurer": rogue, "edge_hub_fhir_partner": rogue}
    platform = start("production-circuit_breakers", **edges)
    with platform.client() as client:
        known, key = patient(client), {"Idempotency-Key": uuid4().hex}
        question = {"patient": known, "payer": "P1", "member": "M1"}
        for answer in [
            (200, {}, b""),
            (200, {}, b'{"status": {"active": true}}'),
            (200, {}, SCRIPT),
            (200, {}, b'{"status": "active", "member": "M2"}'),
            (200, {}, b'{"status": "active", "filler": "' + b"x" * 200_000 + b'"}'),
            (302, {"Location": f"http://{rogue}/elsewhere"}, b""),
        ]:
            Rogue.answer = answer
            asked = client.post("/v1/eligibility", json=question)
            assert (asked.status_code, b"script" in asked.content) == (502, False)
        for answer in [
            (201, {}, b""),
            (201, {"Location": "javascript:alert(1)"}, b""),
            (201, {"Location": f"http://evil.example{PLACE}"}, b""),
            (307, {"Location": PLACE}, b""),
            (201, {"Location": PLACE}, b'{"resourceType": "Patient", "identifier": []}'),
            (201, {"Location": PLACE}, b'["Patient"]'),
        ]:
            Rogue.answer = answer
            sent = client.post("/v1/transfers", json={"patient": known}, headers=key)
            assert sent.status_code == 502
        Rogue.answer = (201, {"Location": PLACE}, b"")
        sent = client.post("/v1/transfers", json={"patient": known}, headers=key)
        assert (sent.status_code, sent.json()["location"]) == (201, PLACE)
