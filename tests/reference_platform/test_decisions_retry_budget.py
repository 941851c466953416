from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, pairwise
from statistics import mean, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_platform.decisions.retry_budget import Budget, Pilot, Production, Retry
from reference_platform.dependencies import AnsweredError, LostError, NotAskedError
from reference_platform.outcomes import Refusal

from .conftest import Start, patient


class Call:
    """A call whose attempts fail as they are told, and that remembers when they were made."""

    def __init__(self, *errors: Exception | None) -> None:
        self._errors = cycle(errors)
        self.at: list[float] = []

    async def __call__(self) -> str:
        self.at.append(time.monotonic())
        if (error := next(self._errors)) is not None:
            raise error
        return "answer"


BUSY = AnsweredError({"Retry-After": "1"}, own=True)
FAILED = AnsweredError({}, own=True)
LOST = LostError(503, "insurer: cannot be reached.")
CLOSED = NotAskedError("insurer: is left alone.")
NOT_FOUND = Refusal(404, "Patient: no patient has this id.")


def attempts(
    retry: Retry,
    *errors: Exception | None,
    repeatable: bool = True,
    spare: Callable[[], float] = lambda: math.inf,
    requests: int = 1,
) -> int:
    """How many attempts `requests` calls made, one after another."""
    call = Call(*errors)

    async def run() -> None:
        for _ in range(requests):
            await asyncio.gather(
                retry.run(call, spare, repeatable=repeatable), return_exceptions=True
            )

    asyncio.run(run())
    return len(call.at)


def test_a_failing_partner_is_asked_27_times_in_pilot_and_thrice_at_most_in_production() -> None:
    decision, failing = Pilot(), Call(FAILED)

    async def hub() -> str:
        return await decision.retry("insurer").run(failing, lambda: math.inf, repeatable=False)

    async def gateway() -> str:
        return await decision.retry("hub").run(hub, lambda: math.inf, repeatable=False)

    with pytest.raises(AnsweredError):
        asyncio.run(gateway())
    assert len(failing.at) == 27
    assert attempts(Production().retry("insurer"), FAILED) == 3
    assert attempts(Production().retry("hub"), FAILED) == 1


def test_at_half_of_all_calls_failing_retries_stay_within_their_budget() -> None:
    requests = 200
    production = Production().retry("insurer")
    production.pause = 0.0  # type: ignore[attr-defined]
    count = attempts(production, FAILED, None, FAILED, FAILED, None, requests=requests)
    assert 1.02 * requests <= count <= 1.2 * requests
    pilot = attempts(
        Pilot().retry("insurer"), FAILED, None, FAILED, FAILED, None, requests=requests
    )
    assert pilot > 1.5 * requests


@given(st.lists(st.booleans(), max_size=200))
@settings(max_examples=50)
def test_a_budget_never_spends_more_than_it_has(earnings: list[bool]) -> None:
    budget = Budget()
    earned = spent = 0
    for earns in earnings:
        if earns:
            earned += 1
            budget.earn()
        else:
            spent += budget.spend()
        assert spent <= Budget.burst + Budget.share * earned + 1e-9


def test_what_is_not_repeatable_is_repeated_in_pilot_only() -> None:
    assert attempts(Production().retry("insurer"), LOST, repeatable=False) == 1
    assert attempts(Production().retry("hub"), LOST, repeatable=False) == 1
    assert attempts(Pilot().retry("hub"), LOST, repeatable=False) == 3


def test_an_answer_is_not_repeated() -> None:
    for decision in (Pilot(), Production()):
        assert attempts(decision.retry("insurer"), NOT_FOUND) == 1


def test_between_services_only_a_lost_connection_is_tried_again() -> None:
    for error in (FAILED, TimeoutError(), CLOSED, Refusal(500, "hub: failed.")):
        assert attempts(Production().retry("hub"), error) == 1
    assert attempts(Production().retry("hub"), LOST) == 3
    assert attempts(Production().retry("valkey"), ConnectionResetError()) == 3


def test_what_was_refused_on_this_side_is_not_tried_again() -> None:
    assert attempts(Production().retry("insurer"), CLOSED) == 1
    assert attempts(Pilot().retry("insurer"), CLOSED) == 9


def test_without_time_for_a_whole_attempt_there_is_none() -> None:
    assert attempts(Production().retry("insurer"), LOST, spare=lambda: 0.05) == 1
    assert attempts(Production().retry("insurer"), LOST, spare=lambda: 0.5) == 3


def test_who_asks_for_a_pause_gets_it_within_the_deadline() -> None:
    assert attempts(Production().retry("insurer"), BUSY, spare=lambda: 1.0) == 1
    call = Call(BUSY, None)

    async def patient_caller() -> str:
        return await Production().retry("insurer").run(call, lambda: 5.0, repeatable=True)

    assert asyncio.run(patient_caller()) == "answer"
    first, second = call.at
    assert second - first >= 1.0


def test_retries_of_many_do_not_march_in_step() -> None:
    failing = Call(LOST)

    async def crowd() -> None:
        calls = (
            Production().retry("insurer").run(failing, lambda: math.inf, repeatable=True)
            for _ in range(30)
        )
        await asyncio.gather(*calls, return_exceptions=True)

    asyncio.run(crowd())
    retries = failing.at[30:]
    gaps = [late - early for early, late in pairwise(retries)]
    assert pstdev(gaps) / mean(gaps) > 0.3


def test_the_last_error_is_the_callers() -> None:
    last = LostError(502, "insurer: cannot be reached.")

    async def run() -> None:
        await (
            Production()
            .retry("insurer")
            .run(Call(LOST, LOST, last), lambda: math.inf, repeatable=True)
        )

    with pytest.raises(LostError) as raised:
        asyncio.run(run())
    assert raised.value is last


class Failing(BaseHTTPRequestHandler):
    """A partner that fails at everything, and counts."""

    calls = 0

    def do_POST(self) -> None:
        type(self).calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def insurer() -> Iterator[tuple[str, type[Failing]]]:
    handler = type("Counted", (Failing,), {"calls": 0})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", handler
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "calls"), [("pilot", (27, 27)), ("production", (1, 3))])
def test_one_question_to_a_failing_insurer(
    start: Start,
    insurer: tuple[str, type[Failing]],
    profile: str,
    calls: tuple[int, int],
) -> None:
    address, counted = insurer
    with start(profile, edge_hub_insurer=address).client() as client:
        question = {"patient": patient(client), "payer": "p", "member": "m"}
        assert client.post("/v1/eligibility", json=question).status_code == 502
    fewest, most = calls
    assert fewest <= counted.calls <= most
