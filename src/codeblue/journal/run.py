"""The folder of one run, and the names of what it holds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from codeblue.errors import JournalError, UsageError
from codeblue.workspace import RUNS


@dataclass(frozen=True)
class RunDirectory:
    """``.codeblue/runs/<id>/`` of a workspace."""

    path: Path

    @property
    def id(self) -> str:
        """The name of the run, e.g. ``20260131-142501-production-3f9a``."""
        return self.path.name

    @property
    def events(self) -> Path:
        """The event journal, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def requests(self) -> Path:
        """The folder of the binary request journals."""
        return self.path / "requests"

    @property
    def logs(self) -> Path:
        """The folder of everything that child processes printed."""
        return self.path / "logs"

    @classmethod
    def create(cls, workspace: Path, label: str) -> RunDirectory:
        """Make the folder of a new run of ``workspace``.

        Raises:
            JournalError: the folder cannot be made.
        """
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run = cls(workspace / RUNS / f"{stamp}-{label}-{secrets.token_hex(2)}")
        try:
            run.logs.mkdir(parents=True)
            run.requests.mkdir()
        except OSError as error:
            raise JournalError(
                f"{run.path}: cannot be made ({error.strerror}). "
                "Make the workspace writable, or free some space."
            ) from error
        return run

    @classmethod
    def locate(cls, name: str, workspace: Path) -> RunDirectory:
        """The run that ``name`` means: an id, the start of one, a path, or ``latest``.

        Raises:
            UsageError: there is no such run, or more than one.
        """
        if (Path(name) / "events.jsonl").is_file():
            return cls(Path(name).resolve())
        runs = sorted(path for path in (workspace / RUNS).glob("*") if path.is_dir())
        if name == "latest":
            matches = runs[-1:]
        else:
            matches = [path for path in runs if path.name.startswith(name)]
        if len(matches) == 1:
            return cls(matches[0])
        known = ", ".join(path.name for path in (matches or runs)[-5:]) or "none"
        word = "more than one run starts with this" if matches else "no such run"
        raise UsageError(f"run {name}: {word}. Known: {known}.")
