"""What everything that runs against a platform needs to know, and how to find it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from codeblue.errors import UsageError
from codeblue.journal import Journal, RunDirectory, read_events
from codeblue.session_file import SESSION_VARIABLE, UP, SessionFile, is_live
from codeblue.target import Edge, Target, Variables, load_target
from codeblue.workspace import workspace_root


@dataclass(frozen=True)
class Session:
    """A platform under test, as it stands now."""

    target: Target
    run: RunDirectory
    proxy_url: str
    profile: str
    seed: int
    workspace: Path
    platform_pid: int | None = None

    @cached_property
    def journal(self) -> Journal:
        """The journal of the run."""
        return Journal(self.run)

    @property
    def base_url(self) -> str:
        """Address of the platform, past the fault proxy, without a trailing slash."""
        return self.target.base_url.rstrip("/")

    @property
    def proxied_url(self) -> str:
        """Address of the platform behind the edge ``client-gateway``."""
        return f"http://{self.edge('client-gateway').listen}"

    def edge(self, name: str) -> Edge:
        """The edge called ``name``; UsageError when there is none."""
        return self.target.edge(name)

    def token(self, tenant: str, role: str = "clinician") -> str:
        """The bearer token of ``role`` at ``tenant``."""
        return self.target.token(tenant, role)

    def headers(self, tenant: str, role: str = "clinician") -> dict[str, str]:
        """HTTP headers that authenticate ``role`` at ``tenant``."""
        return {"Authorization": f"Bearer {self.token(tenant, role)}"}

    def patients(self, tenant: str) -> list[str]:
        """Ids of the synthetic patients seeded for ``tenant``.

        Raises:
            UsageError: none were seeded.
        """
        seeded = [
            event["patients"]
            for event in read_events(self.run.path)
            if event["kind"] == "seeded" and event.get("tenant") == tenant
        ]
        if not seeded:
            raise UsageError(f'tenant "{tenant}": no patients were seeded in run {self.run.id}.')
        return list(seeded[-1])


def attach() -> Session:
    """The session that is live: named by ``CODEBLUE_SESSION``, or begun by ``codeblue up``.

    Raises:
        UsageError: no session is live, and what to do about it.
    """
    named = os.environ.get(SESSION_VARIABLE)
    path = Path(named) if named else workspace_root() / UP
    if not path.is_file():
        raise UsageError(
            f"{path.parent.parent}: no platform is up here. Run `codeblue up` in another terminal."
        )
    stored = SessionFile.read(path)
    if not is_live(stored):
        raise UsageError(f"{path}: that session has ended. Run `codeblue up` again.")
    return resume(stored)


def resume(stored: SessionFile) -> Session:
    """The session that ``stored`` describes."""
    workspace = Path(stored.workspace)
    return Session(
        target=load_target(workspace, Variables(**stored.variables)),
        run=RunDirectory(Path(stored.run)),
        proxy_url=stored.proxy_url,
        profile=stored.profile,
        seed=stored.seed,
        workspace=workspace,
        platform_pid=stored.platform_pid,
    )
