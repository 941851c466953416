from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hl7
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from reference_platform import mllp
from reference_platform.partners.fhir_partner import FhirPartner
from reference_platform.partners.insurer import Insurer
from reference_platform.partners.legacy_ehr import LegacyEhr, acknowledge
from reference_platform.ports import assign

ROOT = Path(__file__).parents[2]
ORDER = "MSH|^~\\&|HUB|RIVERSIDE|EHR|LAB|20260301||ORM^O01|{id}|P|2.5.1\rPID|1||MRN1\rORC|NW|7\r"


def answer(message: bytes) -> hl7.Message:
    return hl7.parse(asyncio.run(acknowledge(message)))


def code(message: bytes) -> str:
    return str(answer(message).segment("MSA")[1])


def order(kind: str = "ORM^O01") -> bytes:
    return ORDER.format(id="C42").replace("ORM^O01", kind).encode()


@pytest.mark.parametrize("kind", ["ORM^O01", "ADT^A01", "ADT^A08"])
def test_an_order_or_an_admission_is_accepted_with_its_control_id(kind: str) -> None:
    acknowledgement = answer(order(kind)).segment("MSA")
    assert [str(acknowledgement[1]), str(acknowledgement[2])] == ["AA", "C42"]


def test_an_unknown_message_type_is_rejected_with_its_control_id() -> None:
    acknowledgement = answer(order("DFT^P03")).segment("MSA")
    assert [str(acknowledgement[1]), str(acknowledgement[2])] == ["AR", "C42"]


@pytest.mark.parametrize(
    "message",
    [b"", b"garbage", b"MSH", b"MSH|^~\\&", b"MSH|^~\\&|A\rPID|1", order("ORM"), b"FHS|^~\\&|A\r"],
)
def test_what_cannot_be_read_is_an_application_error(message: bytes) -> None:
    assert code(message) == "AE"


def test_bytes_that_are_not_utf8_are_an_application_error() -> None:
    assert code(order().replace(b"MRN1", b"M\xfcller")) == "AE"


def test_a_message_without_control_id_is_an_application_error() -> None:
    assert code(order().replace(b"C42", b"")) == "AE"


@given(st.one_of(st.binary(max_size=200), st.binary(max_size=80).map(lambda b: b"MSH|" + b)))
def test_any_bytes_get_an_acknowledgement(message: bytes) -> None:
    reply = asyncio.run(acknowledge(message))
    assert reply.startswith(b"MSH")
    assert b"\rMSA" in reply


def ask(app: Starlette, method: str, path: str, **content: Any) -> httpx.Response:
    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://insurer") as client:
            return await client.request(method, path, **content)

    return asyncio.run(request())


def test_the_insurer_answers_and_counts() -> None:
    app = Insurer().app()
    question = {"payer": "P1", "member": "M1"}
    assert ask(app, "GET", "/calls").json() == {"calls": 0}
    assert ask(app, "POST", "/eligibility", json=question).json() == {
        "status": "active",
        **question,
    }
    assert ask(app, "GET", "/calls").json() == {"calls": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"payer": "P1"}', b"\xff"])
def test_a_question_without_payer_and_member_is_refused_but_counted(body: bytes) -> None:
    app = Insurer().app()
    assert ask(app, "POST", "/eligibility", content=body).status_code == 400
    assert ask(app, "GET", "/calls").json() == {"calls": 1}


def moods(app: Starlette, path: str, **mode: object) -> list[tuple[int, str]]:
    """What twenty questions are answered in this mode."""
    assert ask(app, "POST", "/mode", json=mode).status_code == 200
    question = {"payer": "P1", "member": "M1"}
    answers = [ask(app, "POST", path, json=question) for _ in range(20)]
    return [(answer.status_code, answer.text) for answer in answers]


def test_the_same_seed_gives_the_same_insurer() -> None:
    real = {"mode": "real", "failure_rate": 0.3, "delay_ms": 0}
    once, again, other = (
        moods(Insurer().app(), "/eligibility", seed=seed, **real) for seed in (1, 1, 2)
    )
    assert once == again != other
    assert len({text for status, text in once if status == 200}) > 1
    assert {status for status, _ in once} > {200}
    assert len(set(moods(Insurer().app(), "/eligibility", mode="clean"))) == 1


def test_a_real_fhir_partner_throttles_and_fails_as_fhir_has_it() -> None:
    app = FhirPartner().app()
    ask(app, "POST", "/mode", json={"mode": "real", "failure_rate": 1, "delay_ms": 0})
    answers = [ask(app, "POST", "/fhir/Patient", json={}) for _ in range(20)]
    assert {answer.status_code for answer in answers} == {429, 500, 503}
    assert {answer.json()["resourceType"] for answer in answers} == {"OperationOutcome"}
    assert {answer.headers.get("Retry-After") for answer in answers} == {"1", None}


def test_the_fhir_partner_creates_on_a_condition() -> None:
    app = FhirPartner().app()
    condition = {"If-None-Exist": "identifier=urn%3Ax%7C1"}
    first, again = (ask(app, "POST", "/fhir/Patient", json={}, headers=condition) for _ in "ab")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["Location"] == again.headers["Location"]
    assert ask(app, "GET", "/calls").json() == {"calls": 2, "resources": 1}


@pytest.mark.parametrize(
    "wanted",
    [[], {"mode": "angry"}, {"failure_rate": 2}, {"delay_ms": -1}, {"seed": "x"}, {"seed": []}],
)
def test_a_mode_that_makes_no_sense_is_refused(wanted: object) -> None:
    assert ask(Insurer().app(), "POST", "/mode", json=wanted).status_code == 400


@pytest.mark.parametrize("wanted", [[], {}, {"port": 0}, {"port": 1, "dialect": "klingon"}])
def test_a_feed_that_makes_no_sense_is_refused(wanted: object) -> None:
    assert ask(Insurer().app(), "POST", "/ehr/feed", json=wanted).status_code == 400


def laboratory(ehr: LegacyEhr, order_id: str, action: str = "NW") -> list[bytes] | None:
    """The acknowledgements of an order; None when the EHR closes the connection."""
    message = order().replace(b"ORC|NW|7", f"ORC|{action}|{order_id}".encode())
    try:
        return list(asyncio.run(ehr.answer(message)))
    except mllp.MllpError:
        return None


def test_the_ehr_counts_orders_and_not_their_repetitions() -> None:
    ehr = LegacyEhr()
    for order_id, action in (("1", "NW"), ("1", "NW"), ("2", "NW"), ("2", "CA"), ("2", "NW")):
        laboratory(ehr, order_id, action)
    laboratory(ehr, "3", "CA")
    told = ask(Insurer(ehr).app(), "GET", "/ehr/calls").json()
    assert told == {"calls": 6, "orders": 1, "cancelled": 2, "repeated": 1, "traced": 0}


def test_a_real_ehr_has_habits() -> None:
    ehr = LegacyEhr()
    app = Insurer(ehr).app()
    real = {"mode": "real", "failure_rate": 0.2, "delay_ms": 0, "seed": 5}
    assert ask(app, "POST", "/ehr/mode", json=real).status_code == 200
    answers = [laboratory(ehr, str(number)) for number in range(60)]
    told = [answer for answer in answers if answer is not None]
    assert len(told) < len(answers)
    assert {len(answer) for answer in told} == {1, 2}
    assert any(b"MSA|AE" in answer[0] for answer in told)
    assert any(b"K\xdcSTE" in answer[0] for answer in told)


@pytest.fixture(scope="module")
def partners() -> Iterator[tuple[int, int]]:
    ports = assign(dict.fromkeys(("insurer", "fhir-partner", "sms", "ehr"), 0))
    arguments = [f"--{name}-port={port}" for name, port in ports.items()]
    command = [sys.executable, "-m", "reference_platform.partners", *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        wait_for(ports["insurer"], process)
        yield ports["insurer"], ports["ehr"]
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    finally:
        process.kill()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    pytest.fail("the partners did not start")


@pytest.mark.slow
def test_both_partners_answer_in_one_process(partners: tuple[int, int]) -> None:
    insurer, ehr = partners
    question = {"payer": "P1", "member": "M1"}
    reply = httpx.post(f"http://127.0.0.1:{insurer}/eligibility", json=question, timeout=10)
    assert reply.json()["status"] == "active"

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", ehr)
        try:
            return await asyncio.wait_for(mllp.exchange(reader, writer, order()), 10)
        finally:
            writer.close()

    assert b"MSA|AA|C42" in asyncio.run(ask())
