"""Asking again: only what could not be served, and not for ever."""

from __future__ import annotations

import httpx
import pytest

from codeblue.checks.patience import UNAVAILABLE, send_patiently


def _answers(*statuses: int) -> tuple[httpx.Client, list[int]]:
    left = list(statuses)
    transport = httpx.MockTransport(lambda _: httpx.Response(left.pop(0)))
    return httpx.Client(transport=transport, base_url="http://x"), left


@pytest.mark.parametrize("status", sorted(UNAVAILABLE))
def test_a_busy_platform_is_asked_again(status: int) -> None:
    client, left = _answers(status, 200, 200)
    assert send_patiently(client, client.build_request("GET", "/"), pause=0).status_code == 200
    assert left == [200]


@pytest.mark.parametrize("status", [200, 404, 422, 500])
def test_an_answer_is_an_answer(status: int) -> None:
    client, left = _answers(status, 200)
    assert send_patiently(client, client.build_request("GET", "/")).status_code == status
    assert left == [200]


def test_the_last_answer_stands() -> None:
    client, left = _answers(503, 503, 503, 200)
    assert send_patiently(client, client.build_request("GET", "/"), pause=0).status_code == 503
    assert left == [200]
