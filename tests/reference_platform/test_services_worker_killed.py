"""What is left of accepted work when its worker is killed, by profile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from .conftest import patient, slot, until
from .test_supervisor import Platform, started

TOKENS = {
    "PLATFORM_TOKEN_RIVERSIDE_CLINICIAN": "token-of-a-clinician",
    "PLATFORM_TOKEN_RIVERSIDE_ADMINISTRATOR": "token-of-an-administrator",
}


class Ward:
    """A running platform, who works there, and what was accepted of their wishes."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.client = self._signed_in("clinician")
        self.administrator = self._signed_in("administrator")
        self.patient = patient(self.client)
        self.accepted: list[str] = []

    def _signed_in(self, role: str) -> httpx.Client:
        token = {"Authorization": f"Bearer {TOKENS[f'PLATFORM_TOKEN_RIVERSIDE_{role.upper()}']}"}
        return httpx.Client(base_url=self.platform.ready["base_url"], headers=token, timeout=20)

    def ask(self, path: str, **wanted: str) -> None:
        """Ask once; what is refused while the worker is away was not accepted."""
        answer = self.client.post(path, json={"patient": self.patient, **wanted})
        if answer.status_code == 202:
            self.accepted.append(answer.headers["Location"])

    def letters(self, count: int) -> None:
        for n in range(count):
            self.ask("/v1/discharges", summary=f"Letter {n}.")

    def referrals(self, count: int) -> None:
        for _ in range(count):
            wanted = {"specialty": "CARD", "payer": "ACME", "member": "M-1"}
            self.ask("/v1/referrals", slot=slot(self.client), **wanted)

    def kill_worker(self) -> None:
        before = self.platform.published["worker"]
        os.kill(before, signal.SIGKILL)
        until(lambda: self.platform.published["worker"] != before)
        port = self.platform.ready["ports"]["worker"]
        until(lambda: answers(f"http://127.0.0.1:{port}/health/live"))

    def delay(self, milliseconds: int) -> None:
        for partner, path in (("sms", "/mode"), ("insurer", "/mode")):
            port = self.platform.ready["ports"][partner]
            httpx.post(f"http://127.0.0.1:{port}{path}", json={"delay_ms": milliseconds})

    def statuses(self) -> list[str]:
        return [str(self.client.get(place).json()["status"]) for place in self.accepted]


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def ward(data: Path, profile: str) -> Iterator[Ward]:
    with started(data, profile, **TOKENS) as platform:
        yield Ward(platform)


def order(place: Ward) -> Callable[[str], None]:
    def one(known: str) -> None:
        wanted = {"patient": known, "code": "314076", "quantity": 1}
        assert place.client.post("/v1/orders", json=wanted).status_code == 201

    return one


@pytest.mark.slow
def test_production_loses_nothing_when_its_worker_is_killed_three_times(tmp_path: Path) -> None:
    with ward(tmp_path, "production") as place:
        known = [patient(place.client) for _ in range(60)]
        for one in known:
            order(place)(one)
        place.delay(60)
        run = place.administrator.post("/v1/billing-runs").headers["Location"]
        for _ in range(3):
            place.letters(15)
            place.referrals(4)
            place.kill_worker()
        assert len(place.accepted) > 40
        until(lambda: set(place.statuses()) <= {"done", "completed", "compensated"})
        until(lambda: bool(place.administrator.get(run).json()["status"] == "done"))
        billed = place.administrator.get(run).json()
        assert (billed["billed"], billed["accounts"]) == (60 * 1250, 60)


@pytest.mark.slow
def test_the_pilot_loses_what_it_had_accepted(tmp_path: Path) -> None:
    with ward(tmp_path, "pilot") as place:
        place.delay(500)
        place.letters(10)
        place.kill_worker()
        place.delay(0)
        place.letters(1)
        until(lambda: place.statuses()[-1] == "done")
        time.sleep(0.5)
        assert "queued" in place.statuses()
