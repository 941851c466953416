from __future__ import annotations

import errno
import sys
from pathlib import Path
from typing import Any

import pytest
import structlog

from reference_platform.decisions import Decisions
from reference_platform.profiles import parse
from reference_platform.services.logs import Voice
from reference_platform.settings import Settings


class Full:
    """A log on a disk that is full."""

    def write(self, _text: str) -> int:
        raise OSError(errno.EFBIG, "File too large")

    def flush(self) -> None:
        raise OSError(errno.EFBIG, "File too large")


@pytest.mark.parametrize("profile", ["production", "pilot"])
def test_a_line_that_cannot_be_written_is_lost_and_the_work_goes_on(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    settings = Settings(data_folder=tmp_path)
    voice = Voice("records", settings, Decisions.choose(parse(profile)))
    log = structlog.get_logger("reference_platform")
    with voice.speaking():
        monkeypatch.setattr(sys, "stderr", Full())
        log.warning("not written", status=503)
        monkeypatch.undo()
        log.warning("written", status=503)
    said = capsys.readouterr().err
    assert "not written" not in said
    assert "written" in said
