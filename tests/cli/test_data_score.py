from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from codeblue.cli.data.score import score
from codeblue.errors import UsageError
from codeblue.patients.writing import Job, generate


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    job = Job("regional-network", 300, 7, tmp_path_factory.mktemp("score") / "out")
    assert list(generate(job))
    return job.out


def run(*arguments: object) -> str:
    result = CliRunner().invoke(score, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.stdout


def test_the_score_on_a_screen_of_80_columns(sent: Path) -> None:
    text = run("--truth", sent, "--kept", sent)
    assert max(map(len, text.splitlines())) <= 80
    for words in ("name-typo", "at the same institution", "recall", "precision"):
        assert words in text
    line = next(line for line in text.splitlines() if line.startswith("name-typo"))
    assert line.split()[-2:] == ["0.0%", "-"]


def test_the_score_for_machines(sent: Path) -> None:
    made = orjson.loads(run("--truth", sent / "truth", "--kept", sent, "--json"))
    assert made["kinds"]["name-typo"]["recall"] == 0
    assert made["records"]["Patient"]["sent"] == made["records"]["Patient"]["kept"]


def test_exports_may_be_several(sent: Path) -> None:
    parts = [folder for folder in sent.iterdir() if folder.is_dir() and folder.name != "truth"]
    arguments = [word for part in parts for word in ("--kept", part)]
    made = orjson.loads(run("--truth", sent, *arguments, "--json"))
    assert made["records"]["Patient"]["sent"] == made["records"]["Patient"]["kept"]


def test_a_path_that_is_not_there_is_named(sent: Path) -> None:
    with pytest.raises(UsageError, match=r"gone: there is no such file or folder"):
        run("--truth", sent, "--kept", sent / "gone")
