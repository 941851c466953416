from __future__ import annotations

from typing import TYPE_CHECKING

from codeblue.chaos.probes import front_door

if TYPE_CHECKING:
    from codeblue.session import Session

    from ..conftest import SmallPlatform


def test_whoever_answers_is_open_whatever_it_answers(
    session: Session, platform: SmallPlatform
) -> None:
    assert front_door() == {"open": 1.0, "status": 200, "measured": "/: status 200"}
    platform.mode = "error"
    assert front_door()["open"] == 1.0


def test_nobody_there_is_shut(session: Session, platform: SmallPlatform) -> None:
    platform.mode = "cut"
    assert front_door()["open"] == 0.0
    platform.shutdown()
    platform.server_close()
    shut = front_door("/x")
    assert shut["open"] == 0.0
    assert shut["measured"].startswith("/x: no answer (")
