from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.patients.names import load_pools
from codeblue.patients.pools import draw_pools
from codeblue.workspace import find

FILES = ("families", "female_given", "male_given", "places", "streets")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(find("synthetic_data/pools"), tmp_path / "synthetic_data" / "pools")
    return tmp_path


def pool(workspace: Path, name: str) -> Path:
    return workspace / "synthetic_data" / "pools" / f"{name}.csv"


def test_pools_are_utf8_and_some_names_are_not_ascii() -> None:
    pools = load_pools()
    for names in (pools.families, pools.female_given, pools.male_given):
        texts = [name.decode() for name in names]
        assert len(set(texts)) == len(texts) > 300
        assert sum(not text.isascii() for text in texts) >= 10
    assert len(pools.cities) == len(pools.states) == len(pools.postal_codes) == 200
    assert pools.sizes["streets"] == len(pools.streets)


def test_no_value_holds_what_json_or_hl7_would_have_to_escape() -> None:
    forbidden = re.compile(rb'["\\|^~&\x00-\x1f\x7f]')
    for values in vars(load_pools()).values():
        if not isinstance(values, dict):
            assert not any(forbidden.search(value) for value in values.tolist())


@pytest.mark.parametrize("name", FILES)
def test_every_value_has_its_source(name: str) -> None:
    with find(f"synthetic_data/pools/{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(re.fullmatch(r"Faker [\d.]+ [a-z]{2}_[A-Z]{2}", row["source"]) for row in rows)


@pytest.mark.parametrize(
    ("name", "old", "new", "advice"),
    [
        ("families", ",Faker", "|,Faker", '"name" is'),
        ("families", ",Faker", ",,Faker", "3 values under 2 columns"),
        ("streets", ",Faker", f"{'x' * 61},Faker", "at most 60"),
        ("streets", ",Faker", "\\,Faker", '"name" is'),
        ("places", "source", "origin", '"source" is missing'),
    ],
)
def test_a_mistake_is_located(workspace: Path, name: str, old: str, new: str, advice: str) -> None:
    path = pool(workspace, name)
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(UsageError, match=rf"{name}\.csv:2: ") as raised:
        load_pools(workspace)
    assert advice in str(raised.value)


def test_a_pool_that_a_lane_cannot_reach_is_refused(workspace: Path) -> None:
    lines = "".join(f"Street {n},made up for this\n" for n in range(65_537))
    pool(workspace, "streets").write_text(f"name,source\n{lines}", "utf-8")
    with pytest.raises(UsageError, match=r"streets\.csv:65538: .*at most 65536"):
        load_pools(workspace)


def test_what_is_drawn_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "synthetic_data" / "pools"
    folder.mkdir(parents=True)
    draw_pools(folder)
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(first) == sorted(f"{name}.csv" for name in FILES)
    assert len(load_pools(tmp_path).families) > 300
    draw_pools(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first


def test_the_command_says_how_it_is_used() -> None:
    command = [sys.executable, "-m", "codeblue.patients.pools"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "usage: python -m codeblue.patients.pools FOLDER\n"
