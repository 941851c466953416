"""Where faults act, as plain data."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

from codeblue.faults import Ground, ground_of
from codeblue.target.model import Process

SECTIONS = {"worker": Process(match="worker.py")}


def session(folder: Path, proxy_url: str = "http://127.0.0.1:1") -> SimpleNamespace:
    target, run = SimpleNamespace(processes=SECTIONS), SimpleNamespace(path=folder)
    return SimpleNamespace(target=target, run=run, proxy_url=proxy_url, platform_pid=7)


def test_it_survives_being_written_down(tmp_path: Path) -> None:
    ground = ground_of(session(tmp_path))
    assert Ground(**json.loads(json.dumps(asdict(ground)))) == ground
    assert ground.processes["worker"]["match"] == "worker.py"
    assert (ground.folder, ground.platform_pid) == (str(tmp_path), 7)


def test_every_holder_has_a_name_of_its_own(tmp_path: Path) -> None:
    owners = {ground_of(session(tmp_path)).owner for _ in range(10)}
    assert len(owners) == 10
    assert all(owner.startswith(f"codeblue-{os.getpid()}-") for owner in owners)


def test_no_proxy_is_none(tmp_path: Path) -> None:
    assert ground_of(session(tmp_path, proxy_url="")).proxy_url is None


def test_a_folder_is_found_from_anywhere(tmp_path: Path) -> None:
    here = Path(os.path.relpath(tmp_path))
    assert ground_of(session(here)).folder == str(tmp_path)
