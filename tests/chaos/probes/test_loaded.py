from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.probes import Measure, under_load
from codeblue.chaos.tolerances import no_worse_than_control
from codeblue.errors import CodeblueError, UsageError

if TYPE_CHECKING:
    from codeblue.session import Session

    from ..conftest import SmallPlatform

JOURNEY = """
from locust import task
from codeblue.load.journey import Journey

class {title}(Journey):
    @task
    def visit(self):
        self.client.get("/{name}")
"""
JOURNEYS = {"reading": 20, "asking": 20}


def load() -> Measure:
    return under_load(JOURNEYS, seconds=1, watch="reading")


@pytest.fixture(autouse=True)
def _journeys(session: Session, tmp_path: Path) -> None:
    baseline.forget()
    folder = tmp_path / "scenarios" / "journeys"
    folder.mkdir(parents=True)
    for name in JOURNEYS:
        (folder / f"{name}.py").write_text(JOURNEY.format(name=name, title=name.title()))


@pytest.mark.slow
def test_a_journey_that_is_spared_is_no_worse_than_its_control(platform: SmallPlatform) -> None:
    control = load()
    assert (control["ratio"], control["success"], control["others"]) == (1.0, 1.0, {"asking": 1.0})
    platform.mode = "spared"
    fault = load()
    assert fault["control_p95_ms"] == control["p95_ms"]
    assert fault["others"] == {"asking": 0.0}
    assert no_worse_than_control(fault)


@pytest.mark.slow
def test_a_journey_that_waits_for_others_is_worse_and_confirmed(platform: SmallPlatform) -> None:
    control = load()
    platform.mode = "starved"
    fault = load()
    assert len(fault["attempts"]) == 2, "a bad result is repeated before it counts"
    assert fault["ratio"] > 3
    assert not no_worse_than_control(fault)
    assert f"({control['p95_ms']:.0f} ms without the fault)" in fault["measured"]


@pytest.mark.slow
def test_a_load_that_does_not_feel_the_fault_proves_nothing() -> None:
    load()
    with pytest.raises(CodeblueError, match="the fault was not felt"):
        load()


@pytest.mark.slow
def test_a_journey_that_fails_without_the_fault_proves_nothing(platform: SmallPlatform) -> None:
    platform.mode = "spared"
    with pytest.raises(CodeblueError, match=r"only 0.0% of asking succeed without the fault"):
        load()


def test_only_a_journey_that_arrives_can_be_watched() -> None:
    with pytest.raises(
        UsageError, match=r'watch: "readin" does not arrive. Did you mean "reading"'
    ):
        under_load({"reading": 20}, watch="readin")
