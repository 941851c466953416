"""Where faults act: the proxy, the platform and the run's folder, as plain data."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Ground:
    """What a fault has to know about the world; ``asdict()`` makes it JSON and back.

    ``owner`` names the holder, ``codeblue-<pid>-<hex>``. ``leased`` says that the proxy knows
    leases, so that toxics carry the owner. ``processes`` are the ``[processes.NAME]`` sections of
    ``codeblue.toml``; ``folder`` is the run's own, for the record of faults and for files of hogs.
    """

    owner: str
    proxy_url: str | None = None
    leased: bool = False
    platform_pid: int | None = None
    processes: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    folder: str | None = None


class Surroundings(Protocol):
    """What of a ``codeblue.session.Session`` matters here."""

    @property
    def target(self) -> Any:
        """The platform, as ``codeblue.toml`` describes it."""

    @property
    def run(self) -> Any:
        """The run, which has a folder at ``path``."""

    @property
    def proxy_url(self) -> str:
        """Address of the fault proxy's API, or nothing."""

    @property
    def platform_pid(self) -> int | None:
        """The platform's process, when codeblue started it."""


def new_owner() -> str:
    """A name that no other holder has."""
    return f"codeblue-{os.getpid()}-{secrets.token_hex(4)}"


def ground_of(session: Surroundings) -> Ground:
    """The ground of ``session``, under an owner of its own at every call."""
    declared = session.target.processes
    return Ground(
        owner=new_owner(),
        proxy_url=session.proxy_url or None,
        platform_pid=session.platform_pid,
        processes={name: section.model_dump() for name, section in declared.items()},
        folder=str(session.run.path.resolve()),
    )
