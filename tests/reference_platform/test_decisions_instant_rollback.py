from __future__ import annotations

import pytest

from reference_platform.decisions.instant_rollback import EXPANDED, Pilot, Production
from reference_platform.services.cds.assessments import read_first, read_later

SCORE = {"score": 3, "version": "v2", "explanation": ["pulse: 3"]}


def row(variant: Pilot | Production, version: str) -> dict[str, object]:
    row_format, content = variant.row(version, SCORE)
    return {"format": row_format, "content": content}


def test_production_rows_are_read_by_every_version() -> None:
    for version in ("v1", "v2"):
        stored = row(Production(), version)
        assert stored["format"] == EXPANDED
        assert read_first(stored) == read_later(stored) == SCORE


def test_the_version_before_cannot_read_what_the_pilot_migrated() -> None:
    stored = row(Pilot(), "v2")
    assert read_later(stored) == SCORE
    with pytest.raises(KeyError):
        read_first(stored)
    assert read_first(row(Pilot(), "v1")) == SCORE


def test_only_the_pilot_has_to_build() -> None:
    assert Production().rebuild_seconds == Production().restart_seconds == 0
    assert Pilot().rebuild_seconds > 5
    assert Pilot().restart_seconds > 0
