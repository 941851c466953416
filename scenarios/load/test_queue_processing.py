"""Work that was accepted is done, whatever happens between the answer and the work.

Harm: a patient goes home, the ward was told that the discharge letter is on its way, and the
general practitioner never gets it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.background import accepted, outcomes
from codeblue.checks.burst import Sent, burst, usual_seconds
from codeblue.checks.fresh import fresh_patient
from codeblue.checks.restarts import restart
from codeblue.faults import Latency, Refuse, ground_of, injected
from codeblue.session import Session

LETTERS, OVER = 30, 1.0  # a burst of so many letters within so many seconds
IN_TURN = 5  # letters of the control, one after the other
DELAY = 0.5  # seconds that the SMS gateway takes while it is slow
SETTLED = 15.0  # seconds after the repair, within which a letter is written
ENDS = frozenset({"done", "failed"})


@dataclass(frozen=True)
class Letters:
    """A burst of letters: those that were accepted, and the seconds that accepting one took."""

    places: list[str]
    seconds: float


def _sent(desk: httpx.Client, patient: str, count: int, over: float) -> Letters:
    """Ask for ``count`` discharge letters within ``over`` seconds."""
    requests = [_discharge(desk, patient) for _ in range(count)]
    return _taken(burst(requests, over))


def _in_turn(desk: httpx.Client, patient: str) -> Letters:
    """One letter after the other, each of them written before the next is asked for."""
    sent: list[Sent] = []
    for _ in range(IN_TURN):
        sent += burst([_discharge(desk, patient)], 0)
        assert not _lost(desk, _taken(sent[-1:])), "a letter is not written without a fault"
    return _taken(sent)


def _discharge(desk: httpx.Client, patient: str) -> httpx.Request:
    letter = {"patient": patient, "visit": f"V{uuid4().hex}"[:16], "summary": "Well again. " * 20}
    return desk.build_request("POST", "/v1/discharges", json=letter)


def _taken(sent: list[Sent]) -> Letters:
    ids = [identity for one in sent if (identity := accepted(one))]
    return Letters([f"/v1/letters/{identity}" for identity in ids], usual_seconds(sent))


def _lost(desk: httpx.Client, letters: Letters) -> Counter[str]:
    """The states of accepted letters that are not written, ``SETTLED`` after all is well again."""
    states = Counter(outcomes(desk, letters.places, ENDS, SETTLED).values())
    states.pop("done", None)
    return states


@pytest.mark.check(
    id="letters-outlive-an-outage",
    risk="load",
    examines=["queue_processing"],
    title="A letter accepted while the SMS gateway is away is written when it is back",
)
def test_letters_outlive_an_outage(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """A burst of letters while nobody can be told that a letter is ready."""
    desk = client()
    with check.control():
        patient = fresh_patient(desk)
        usual = _in_turn(desk, patient)
        assert len(usual.places) == IN_TURN, "letters are not accepted without a fault"
    with (
        check.stressor(),
        injected(Refuse("worker-sms"), ground_of(platform), platform.journal),
    ):
        letters = _sent(desk, patient, LETTERS, OVER)
    if len(letters.places) < LETTERS / 2:
        check.inconclusive(f"only {len(letters.places)} of {LETTERS} letters were accepted")
    with check.recovery():
        lost = _lost(desk, letters)
    check.judge(
        broke=bool(lost),
        measured=f"{lost.total()} of {len(letters.places)} accepted letters never written",
        threshold=f"0 lost, {SETTLED:g} s after the SMS gateway is back",
        evidence={"states of the lost": dict(lost)},
    )


@pytest.mark.check(
    id="letters-outlive-a-restart",
    risk="load",
    examines=["queue_processing"],
    title="A letter accepted just before a restart is written after it",
)
def test_letters_outlive_a_restart(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """The services are restarted while a slow SMS gateway keeps a burst of letters waiting."""
    desk, delay = client(), Latency("worker-sms", ms=round(DELAY * 1000))
    with check.control():
        patient = fresh_patient(desk)
        usual = _in_turn(desk, patient)
        assert len(usual.places) == IN_TURN, "letters are not accepted without a fault"
    with check.stressor(), injected(delay, ground_of(platform), platform.journal):
        letters = _sent(desk, patient, LETTERS, OVER)
        restart(platform)
    if len(letters.places) < LETTERS / 2:
        check.inconclusive(f"only {len(letters.places)} of {LETTERS} letters were accepted")
    with check.recovery():
        lost = _lost(desk, letters)
    waited = letters.seconds - usual.seconds
    check.judge(
        broke=bool(lost) or waited > DELAY / 2,
        measured=(
            f"{lost.total()} of {len(letters.places)} accepted letters never written; accepting "
            f"one took {letters.seconds * 1000:.0f} ms ({usual.seconds * 1000:.0f} ms in turn)"
        ),
        threshold=(
            f"0 lost, {SETTLED:g} s after the restart; accepted without waiting for the SMS "
            f"gateway, which takes {DELAY:g} s"
        ),
        evidence={"states of the lost": dict(lost)},
    )
