"""How other processes find a session; apart from it, so that `codeblue heal` starts at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psutil

from codeblue.errors import UsageError

SESSION_VARIABLE = "CODEBLUE_SESSION"
UP = Path(".codeblue") / "up.json"


@dataclass(frozen=True)
class SessionFile:
    """``session.json`` in the run directory: how other processes find the session.

    It holds the secrets of the run, so only its owner may read it.
    """

    workspace: str
    run: str
    profile: str
    seed: int
    holder: int
    proxy_url: str
    platform_pid: int | None = None
    variables: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the file, readable by its owner only."""
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))

    @contextmanager
    def published(self, path: Path) -> Iterator[None]:
        """The file at ``path``, for as long as the block lasts."""
        self.write(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path) -> SessionFile:
        """Read the file.

        Raises:
            UsageError: it is missing or not a session file.
        """
        try:
            return cls(**orjson.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path}: not a session that can be attached to ({error}). Run `codeblue up` again."
            ) from error


def is_live(stored: SessionFile) -> bool:
    """Whether the process that holds the session still runs."""
    return psutil.pid_exists(stored.holder)
