"""The platform under the load: the one that ``codeblue up`` keeps, or one started for this load."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from codeblue.errors import UsageError
from codeblue.journal import Journal, RunDirectory, read_events
from codeblue.session import Session
from codeblue.session.session import resume
from codeblue.session_file import SESSION_VARIABLE, UP, SessionFile, is_live

DEFAULT = "production"


def live_session(workspace: Path, platform: str | None) -> SessionFile | None:
    """The session that is live here, ``None`` when there is none.

    Raises:
        UsageError: its platform has another profile than the ``platform`` that was asked for.
    """
    named = os.environ.get(SESSION_VARIABLE)
    path = Path(named) if named else workspace / UP
    if not path.is_file() or not is_live(stored := SessionFile.read(path)):
        return None
    if platform not in (None, stored.profile):
        raise UsageError(
            f'--platform {platform}: a platform is up here with the profile "{stored.profile}". '
            "End it with Ctrl-C, or leave the option out to put the load on that one."
        )
    return stored


@contextmanager
def under_load(
    workspace: Path, run: RunDirectory, live: SessionFile | None, profile: str, seed: int
) -> Iterator[Session]:
    """A session of the platform, with patients in it, whose run is ``run``.

    A platform that was up before stays up. Raises what ``prepared`` raises.
    """
    if live is not None:
        yield _borrowed(live, run)
        return
    from codeblue.ground import prepared  # the patients: a second of CPU time

    with prepared(workspace, run, profile, seed) as session:
        yield session


def _borrowed(live: SessionFile, run: RunDirectory) -> Session:
    """The live session, writing into a run of its own, in which its patients are on record."""
    journal = Journal(run)
    journal.event("note", text=f"The platform was up already; its own run is {Path(live.run).name}")
    for event in read_events(Path(live.run)):
        if event["kind"] == "seeded":
            journal.event("seeded", tenant=event["tenant"], patients=event["patients"])
    return replace(resume(live), run=run)
