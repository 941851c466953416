from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from reference_platform.contract import delivery
from reference_platform.decisions import instant_rollback

from .conftest import Running, Start, until
from .test_services_cds import CALM, examined, score
from .test_services_configuration import both_gateways

ADMINISTRATOR = "riverside-administrator"


def release(client: httpx.Client) -> dict[str, Any]:
    """As soon as it is told: an open circuit breaker, or a busy machine, may ask for patience."""
    answer = client.get("/v1/releases")
    while answer.status_code == 503:
        answer = client.get("/v1/releases")
    delivery.Releases.model_validate_json(answer.content)
    told: dict[str, Any] = answer.json()["releases"][0]
    return told


@contextmanager
def released(platform: Running, version: str) -> Iterator[httpx.Client]:
    """A release that is over at the end, whatever became of it: other tests expect v1."""
    with platform.client(ADMINISTRATOR) as admin:
        asked = {"service": "cds", "version": version}
        answer = admin.post("/v1/releases", json=asked)
        assert answer.status_code == 202, answer.text
        try:
            yield admin
        finally:
            if release(admin)["share"]:
                assert admin.post("/v1/releases/rollback").status_code == 202
            until(lambda: release(admin)["share"] == 0)


def ask(client: httpx.Client, patient: int, **changes: Any) -> httpx.Response:
    return client.post("/v1/news2", json=CALM | changes | {"patient": f"p{patient}"})


def drive(admin: httpx.Client, clients: list[httpx.Client], requests: int) -> list[str]:
    """The versions that answered; ends when the release is decided."""
    seen: list[str] = []
    for number in range(requests):
        answer = ask(clients[number % len(clients)], number)
        assert answer.status_code == 200, answer.text
        assert answer.json()["score"] == 0
        seen.append(answer.json()["version"])
        if number % 10 == 0 and release(admin)["state"] != "ramping":
            break
    return seen


@pytest.mark.slow
@pytest.mark.parametrize("version", ["v2-swapped", "v2-failing", "v2-slow"])
def test_a_bad_candidate_is_refused(start: Start, version: str) -> None:
    platform = start("production")
    with platform.client() as client, released(platform, version) as admin:
        seen = drive(admin, [client], 300)
        refused = release(admin)
        assert (refused["state"], refused["share"]) == ("rejected", 0)
        assert refused["reason"]
        assert seen.count(version) <= 0.1 * len(seen) + 1
        assert {ask(client, number).json()["version"] for number in range(20)} == {"v1"}


@pytest.mark.slow
def test_a_good_candidate_is_promoted_and_everybody_stays_on_one_side(start: Start) -> None:
    platform = start("production")
    with released(platform, "v2") as admin:
        again = admin.post("/v1/releases", json={"service": "cds", "version": "v2-slow"})
        assert again.status_code == 409
        gateways = both_gateways(platform, "riverside")
        sides = [{ask(each, 7).json()["version"] for each in gateways} for _ in range(5)]
        assert all(len(side) == 1 for side in sides)
        seen = drive(admin, gateways, 600)
        assert release(admin)["state"] == "promoted"
        assert {"v1", "v2"} <= set(seen)
        assert {ask(gateways[0], number).json()["version"] for number in range(20)} == {"v2"}


@pytest.mark.slow
def test_the_pilot_gives_a_wrong_version_to_everybody(start: Start) -> None:
    platform = start("production-canary_progressive")
    with platform.client() as client, released(platform, "v2-swapped") as admin:
        assert release(admin)["state"] == "released"
        until(lambda: ask(client, 0).json()["version"] == "v2-swapped", seconds=20)
        told = [ask(client, number, supplemental_oxygen=True).json() for number in range(20)]
        assert {each["score"] for each in told} == {5}  # 2 on scale 1


@pytest.mark.slow
def test_only_an_administrator_releases(start: Start) -> None:
    with start("production").client() as client:
        asked = {"service": "cds", "version": "v2"}
        assert client.post("/v1/releases", json=asked).status_code == 403
        assert client.post("/v1/releases/rollback").status_code == 403


class Load(threading.Thread):
    """Asks for a score again and again; notes when, the status and the version."""

    def __init__(self, platform: Running, known: str) -> None:
        super().__init__(daemon=True)
        self.answers: list[tuple[float, int, str]] = []
        self._client = platform.client()
        self._path = f"/v1/patients/{known}/news2"
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.is_set():
            answer = self._client.get(self._path)
            self.answers.append(
                (time.monotonic(), answer.status_code, answer.json().get("version", ""))
            )

    def end(self) -> list[tuple[float, int, str]]:
        self._over.set()
        self.join(20)
        return self.answers


@pytest.mark.slow
def test_the_way_back_is_a_change_of_routes(start: Start) -> None:
    platform = start("production")
    with platform.client() as client, released(platform, "v2") as admin:
        known = examined(client)
        drive(admin, [client], 600)
        assert score(client, known)["version"] == "v2"
        load = Load(platform, known)
        load.start()
        until(lambda: len(load.answers) >= 10)
        triggered = time.monotonic()
        assert admin.post("/v1/releases/rollback").json()["state"] == "rolled-back"
        enough = len(load.answers) + 20
        until(lambda: len(load.answers) >= enough)
        answers = load.end()
        assert {status for _, status, _ in answers} == {200}
        assert max(at for at, _, version in answers if version == "v2") - triggered <= 5
        assert answers[-1][2] == "v1"
        kept = client.get(f"/v1/patients/{known}/assessments").json()["assessments"]
    assert len(kept) == min(100, len(answers) + 1)
    assert {each["version"] for each in kept} == {"v1", "v2"}


@pytest.mark.slow
def test_the_pilot_builds_restarts_and_cannot_read(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instant_rollback.Pilot, "rebuild_seconds", 1.0)
    monkeypatch.setattr(instant_rollback.Pilot, "restart_seconds", 1.0)
    platform = start("production-canary_progressive-instant_rollback")
    with platform.client() as client:
        known = examined(client)
        assert score(client, known)["version"] == "v1"
        with released(platform, "v2") as admin:
            until(lambda: score(client, known)["version"] == "v2", seconds=20)
            assert len(client.get(f"/v1/patients/{known}/assessments").json()["assessments"]) >= 2
            load = Load(platform, known)
            load.start()
            until(lambda: len(load.answers) >= 1)
            assert admin.post("/v1/releases/rollback").status_code == 202
            until(lambda: release(admin)["share"] == 0)
            until(lambda: load.answers[-1][2] == "v1")
            answers = load.end()
        assert {200, 503} <= {status for _, status, _ in answers}
        kept = f"/v1/patients/{known}/assessments"
        until(lambda: client.get(kept).status_code == 500)
