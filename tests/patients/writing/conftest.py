from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from codeblue.patients.writing import Job, plan

JobFactory = Callable[..., Job]


def hashes(out: Path) -> dict[str, str]:
    """Every file below a folder, by what is in it."""
    return {
        str(path.relative_to(out)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def make_job(tmp_path: Path) -> JobFactory:
    """A job of a dirty population, in small shards and chunks."""

    def make(out: str = "out", *, shard: int = 512, chunk: int = 256, **asked: Any) -> Job:
        asked = {"population": "regional-network", "size": 1200, **asked}
        return replace(plan(out=tmp_path / out, **asked), shard=shard, chunk=chunk)

    return make
