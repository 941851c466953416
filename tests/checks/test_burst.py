"""Requests at a pace: none waits for another, and each has its own answer and its own time."""

from __future__ import annotations

import socket
import time

import httpx

from codeblue.checks.burst import burst, usual_seconds

from .referring import LATER, hospital_that


def test_no_request_waits_for_the_one_before_it() -> None:
    with hospital_that("slow") as client:
        requests = [client.build_request("POST", "/v1/discharges", json={}) for _ in range(30)]
        began = time.monotonic()
        sent = burst(requests, over=0.2)
        took = time.monotonic() - began
    assert took < 30 * LATER / 2
    assert all(one.answer is not None and one.answer.status_code == 202 for one in sent)
    assert usual_seconds(sent) >= LATER


def test_the_requests_come_one_after_the_other_over_the_time_given() -> None:
    with hospital_that() as client:
        requests = [client.build_request("POST", "/v1/discharges", json={}) for _ in range(5)]
        began = time.monotonic()
        burst(requests, over=0.5)
        assert time.monotonic() - began >= 0.4


def test_the_answers_are_in_the_order_of_the_requests() -> None:
    with hospital_that() as client:
        places = ["/v1/letters/none", "/v1/nothing", "/v1/slots"]
        methods = ["GET", "GET", "POST"]
        requests = [client.build_request(*one) for one in zip(methods, places, strict=True)]
        sent = burst(requests, over=0)
    assert [one.answer.url.path for one in sent if one.answer] == places


def test_what_is_never_answered_has_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        request = httpx.Request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        (sent,) = burst([request], over=0, patience=0.2)
    assert sent.answer is None
    assert sent.seconds >= 0.2
