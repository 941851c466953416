"""Chaos Toolkit experiments as pytest items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codeblue.checks import CheckMeta
from codeblue.pytest_plugin.proving import PROVING


def is_experiment(path: Path) -> bool:
    """Whether ``path`` is a YAML file below a folder called ``experiments`` with our extension."""
    return (
        path.suffix in (".yaml", ".yml")
        and "experiments" in path.parts
        and "name: codeblue" in path.read_text(encoding="utf-8", errors="replace")
    )


class ExperimentFile(pytest.File):
    """One file, one experiment, one item."""

    def collect(self) -> Iterator[pytest.Item]:
        """The experiment of the file."""
        from codeblue.chaos import read_extension

        experiment = read_extension(self.path)
        meta = CheckMeta(
            id=experiment.id,
            title=experiment.title,
            risk=experiment.risk,
            examines=tuple(experiment.examines),
            suite=experiment.suite,
            source=self.nodeid,
        )
        yield ExperimentItem.from_parent(self, name=meta.id, meta=meta)


class ExperimentItem(pytest.Item):
    """Runs one experiment against the session's platform."""

    def __init__(self, *, meta: CheckMeta, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]  # name and parent, as pytest passes them
        self.meta = meta

    def runtest(self) -> None:
        """Run it; the judgement is raised as :class:`CheckBroke` or :class:`Inconclusive`."""
        from codeblue.chaos import run_experiment

        proving = self.config.stash[PROVING]
        run_experiment(self.path, proving.check_of(self), proving.session)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Where the item is, and what it is called."""
        return self.path, None, self.meta.title
