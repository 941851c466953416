"""The reference platform, started once for all tests of its journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codeblue.ground import prepared
from codeblue.journal import RunDirectory
from codeblue.session import Session

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="package", params=["production", "pilot"])
def platform(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """A session of the reference platform with its patients in place."""
    run = RunDirectory.create(tmp_path_factory.mktemp("journeys"), request.param)
    with prepared(ROOT, run, request.param, 7) as session:
        yield session
