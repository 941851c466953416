from __future__ import annotations

from datetime import datetime

import httpx
import pytest

from reference_platform.clock import Clock
from reference_platform.settings import Settings

from .conftest import Running, Start

BODY = {"advance_seconds": 3600}


def test_time_goes_forward_only() -> None:
    clock = Clock()
    before = clock.now()
    clock.advance(3600)
    assert (clock.now() - before).total_seconds() >= 3600
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


@pytest.mark.slow
def test_the_clock_is_shown_and_stands_firm_outside_of_tests(start: Start) -> None:
    platform = start("production")
    with platform.client("riverside-administrator") as office:
        reading = office.get("/v1/clock").json()
        assert (reading["offset_seconds"], reading["movable"]) == (0.0, False)
        assert office.post("/v1/clock", json=BODY).status_code == 403
        assert office.get("/v1/clock").json()["offset_seconds"] == 0.0


@pytest.mark.slow
def test_a_test_moves_the_clock_of_every_process(backing: Settings) -> None:
    changes = {"clock": Clock(), "test_mode": True, "data_folder": backing.data_folder / "moved"}
    platform = Running(backing.model_copy(update=changes), "production")
    replica = f"http://127.0.0.1:{platform.settings.replica_port}"
    try:
        with platform.client("riverside-administrator") as office:
            before = datetime.fromisoformat(office.get("/v1/clock").json()["time"])
            assert office.post("/v1/clock", json=BODY).json()["offset_seconds"] == 3600.0
            assert office.post("/v1/clock", json={"advance_seconds": -1}).status_code == 422
            told = office.get("/v1/fhir/metadata").json()["implementation"]["description"]
            assert "test mode" in told
        after = datetime.fromisoformat(httpx.get(f"{replica}/v1/clock").json()["time"])
        assert (after - before).total_seconds() >= 3600
        with platform.client() as client:
            assert client.post("/v1/clock", json=BODY).status_code == 403
    finally:
        platform.stop()
