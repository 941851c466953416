"""A load on several machines: what the master leaves for its workers, and how a worker joins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

import orjson

from codeblue.cli.load.address import Address
from codeblue.cli.load.attach_or_start import live_session
from codeblue.cli.load.order import Order, planned
from codeblue.errors import UsageError
from codeblue.journal import Journal, RunDirectory, read_events
from codeblue.load import LoadError
from codeblue.load.runner import serve
from codeblue.session import Session, attach
from codeblue.session_file import SESSION_VARIABLE, SessionFile

WAITING = Path(".codeblue") / "load.json"
_WORKERS = Path(".codeblue") / "workers"


@dataclass(frozen=True)
class Invitation:
    """What a worker has to know that its own workspace does not tell.

    ``variables`` hold the ports and secrets of the run, so only its owner may read the file.
    """

    profile: str
    platform: str
    seed: int
    workers: int
    tenant: str | None
    variables: dict[str, Any]
    patients: dict[str, list[str]]

    @classmethod
    def to(cls, order: Order, session: Session) -> Invitation:
        """To the load of ``order``, for which ``session`` is ready."""
        seeded = [event for event in read_events(session.run.path) if event["kind"] == "seeded"]
        live = live_session(order.workspace, order.platform)
        return cls(
            profile=order.profile,
            platform=order.platform,
            seed=order.seed,
            workers=order.plan.workers,
            tenant=order.tenant,
            variables=live.variables if live is not None else {},
            patients={event["tenant"]: event["patients"] for event in seeded},
        )

    @contextmanager
    def published(self, workspace: Path) -> Iterator[Path]:
        """The file of ``workspace`` in which workers find it, for as long as the block lasts."""
        path = workspace / WAITING
        path.touch(mode=0o600)
        path.write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    @classmethod
    def read(cls, workspace: Path) -> Invitation:
        """The one in ``workspace``.

        Raises:
            UsageError: there is none.
        """
        path = workspace / WAITING
        try:
            return cls(**orjson.loads(path.read_bytes()))
        except (OSError, ValueError, TypeError) as error:
            raise UsageError(
                f"{path}: no load waits for workers ({error}). Start the --master, and copy this "
                "file of its workspace to the same place here if it is on another machine."
            ) from error


def join(workspace: Path, master: Address) -> None:
    """Generate a share of the load that ``master`` waits with; returns when the load has ended.

    Raises:
        UsageError: there is no such load.
        LoadError: this worker ended before the load did.
    """
    invitation = Invitation.read(workspace)
    plan = planned(
        workspace,
        invitation.profile,
        seed=invitation.seed,
        workers=invitation.workers,
        tenant=invitation.tenant,
    )
    if reason := serve(_session(workspace, invitation), plan, *master):
        raise LoadError(reason)


def _session(workspace: Path, invitation: Invitation) -> Session:
    """A session of the master's platform, with a run of this worker's own."""
    run = RunDirectory(workspace / _WORKERS / f"{invitation.profile}-{token_hex(4)}")
    for folder in (run.logs, run.requests):
        folder.mkdir(parents=True)
    journal = Journal(run)
    for tenant, patients in invitation.patients.items():
        journal.event("seeded", tenant=tenant, patients=patients)
    path = run.path / "session.json"
    SessionFile(
        workspace=str(workspace),
        run=str(run.path),
        profile=invitation.platform,
        seed=invitation.seed,
        holder=os.getpid(),
        proxy_url="",
        variables=invitation.variables,
    ).write(path)
    os.environ[SESSION_VARIABLE] = str(path)
    return attach()
