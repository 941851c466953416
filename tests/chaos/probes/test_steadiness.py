from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from codeblue.chaos import baseline
from codeblue.chaos.probes import steady
from codeblue.chaos.tolerances import at_least

if TYPE_CHECKING:
    from codeblue.session import Session

    from ..conftest import SmallPlatform

CHART = [{"path": "/chart/{patient}"}]


@pytest.fixture(autouse=True)
def _fresh(session: Session) -> None:
    baseline.forget()


def test_steady_reports_the_share_that_succeeds(platform: SmallPlatform) -> None:
    good = steady(CHART, count=5)
    assert good["bursts"] == [1.0]
    assert good["measured"] == "100% of 5 requests succeeded (200: 5)"
    assert at_least(good)
    platform.mode = "error"
    bad = steady(CHART, count=5)
    assert bad["bursts"] == [0.0, 0.0], "a bad burst is confirmed by a second one"
    assert not at_least(bad)


def test_steady_waits_for_the_platform_to_come_back(platform: SmallPlatform) -> None:
    platform.mode = "error"
    timer = threading.Timer(0.6, setattr, (platform, "mode", "ok"))
    timer.start()
    began = time.monotonic()
    measure = steady(CHART, count=5, within="20s")
    assert measure["success"] == 1.0
    assert measure["bursts"][0] < 1.0
    assert 0.5 <= measure["seconds"] <= time.monotonic() - began
