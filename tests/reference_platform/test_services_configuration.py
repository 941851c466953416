from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from reference_platform.decisions.timeouts_deadlines import Deadline
from reference_platform.institutions import SHIPPED
from reference_platform.outcomes import Refusal
from reference_platform.services.configuration import Configuration, ConfigurationFeed

from .conftest import Running, Start, until
from .test_services_cds import CALM

OUT_OF_HOURS = {"start": "2031-03-08T08:00:00Z", "end": "2031-03-08T08:30:00Z"}  # a Saturday


class Records:
    """A source that can go away."""

    def __init__(self) -> None:
        self.away = True
        self.version = 1
        self.told = asyncio.Event()

    async def __call__(self, _deadline: Deadline) -> list[Configuration]:
        if self.away:
            raise Refusal(503, "away")
        self.told.set()
        return [Configuration("*", "releases", self.version, {"share": self.version})]


def test_a_feed_keeps_what_it_last_knew() -> None:
    async def run() -> None:
        records = Records()
        async with ConfigurationFeed(records) as feed:
            assert feed.value("*", "releases") is None
            assert feed.version("*", "releases") == 0
            records.away = False
            async with asyncio.timeout(20):
                await records.told.wait()
            records.away, records.version = True, 2
            with pytest.raises(Refusal):
                await feed.refresh()
            assert feed.value("*", "releases") == {"share": 1}
            records.away = False
            await feed.refresh()
            assert feed.version("*", "releases") == 2
            assert feed.value("riverside", "releases") is None

    asyncio.run(run())


def both_gateways(platform: Running, tenant: str) -> list[httpx.Client]:
    headers = {"Authorization": f"Bearer token-of-{tenant}"}
    ports = (platform.settings.gateway_port, platform.settings.replica_port)
    return [
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=20)
        for port in ports
    ]


def triage(client: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/triage", json=CALM | changes)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.slow
@pytest.mark.parametrize("tenant", ["riverside", "lakeside", "hillside"])
def test_every_hospital_gets_the_outcomes_of_its_own_table(start: Start, tenant: str) -> None:
    table = SHIPPED[tenant]
    with start("production").client(tenant) as client:
        for pulse in range(30, 150, 6):
            told = triage(client, pulse=pulse, temperature=39.5, oxygen_saturation=94)
            reached = [x for x in table.triage.levels if x.at_least <= told["score"]]
            assert told["scale"] == table.news2.scale
            assert (told["level"], told["steps"]) == (reached[-1].level, reached[-1].steps)


@pytest.mark.slow
def test_the_pilot_runs_the_third_hospital_as_the_first(start: Start) -> None:
    with start("production-configurable_workflows").client("hillside") as client:
        assert triage(client)["level"] == SHIPPED["riverside"].triage.levels[0].level
        offered = client.post("/v1/slots", json={"practitioner": "Dr. Who", **OUT_OF_HOURS})
        assert offered.status_code == 201


@pytest.mark.slow
def test_slots_are_offered_when_the_hospital_is_open(start: Start) -> None:
    platform = start("production")
    slot = {"practitioner": "Dr. Who", **OUT_OF_HOURS}
    monday = {"start": "2031-03-03T16:00:00Z", "end": "2031-03-03T16:30:00Z"}
    with platform.client("hillside") as client:
        assert client.post("/v1/slots", json=slot).status_code == 422
        assert client.post("/v1/slots", json=slot | monday).status_code == 201
    with platform.client("riverside") as client:
        assert client.post("/v1/slots", json=slot).status_code == 201


@pytest.mark.slow
def test_a_change_reaches_everybody_without_a_restart(start: Start) -> None:
    platform = start("production")
    path = "/v1/configuration/triage"
    with platform.client("hillside") as staff, platform.client("hillside-administrator") as admin:
        before = admin.get(path).json()
        levels = [{"at_least": 0, "level": "new", "steps": ["Say hello"]}]
        assert staff.put(path, json={"levels": levels}).status_code == 403
        changed = admin.put(path, json={"levels": levels})
        assert changed.status_code == 200, changed.text
        assert changed.json()["version"] == before["version"] + 1
        for gateway in both_gateways(platform, "hillside"):
            until(lambda gateway=gateway: triage(gateway)["level"] == "new", seconds=20)  # type: ignore[misc]
        wrong = admin.put(path, json={"levels": [*levels, *levels]})
        assert wrong.status_code == 422
        assert admin.get(path).json()["content"] == {"levels": levels}
        assert triage(staff)["level"] == "new"
        admin.put(path, json=SHIPPED["hillside"].triage.model_dump())
    with platform.client("riverside") as other:
        assert triage(other)["level"] == SHIPPED["riverside"].triage.levels[0].level


@pytest.mark.slow
def test_there_is_no_configuration_of_another_name(start: Start) -> None:
    with start("production").client("hillside-administrator") as admin:
        assert admin.get("/v1/configuration/releases").status_code == 404
