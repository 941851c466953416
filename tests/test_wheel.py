"""What a user gets: the built wheel, not the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        return wheel.namelist()


@pytest.mark.slow
def test_nothing_but_codeblue_is_installed_at_top_level(names: list[str]) -> None:
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"codeblue"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        "experiments/hub-insurer/hang.yaml",
        "reference_platform/__main__.py",
        "reports/risks.toml",
        "scenarios/journeys/chart_review.py",
        "synthetic_data/populations/pilot-clinic.toml",
    ],
)
def test_the_built_in_content_ships_inside_the_package(names: list[str], content: str) -> None:
    assert f"codeblue/_builtin/{content}" in names


@pytest.mark.slow
def test_the_package_is_typed_and_leaves_tests_at_home(names: list[str]) -> None:
    assert "codeblue/py.typed" in names
    assert not [name for name in names if "tests/" in name or name.endswith(".pyc")]
