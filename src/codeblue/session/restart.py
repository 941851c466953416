"""What somebody on call does when a platform does not come back by itself: restart its services."""

from __future__ import annotations

import os
import signal
import time

import httpx

from codeblue.errors import TargetError
from codeblue.session.session import Session
from codeblue.target import Start

PATIENCE = 3.0
"""Seconds within which a platform may come back by itself after a check."""
_POLL = 0.2
_SERVER_ERROR = 500


def restart_if_broken(session: Session) -> str | None:
    """Restart the platform if one of its ``alive`` paths goes on failing; the path that failed.

    Only a platform that codeblue started, and whose ``restart`` names a signal, is ever restarted.

    Raises:
        TargetError: it does not work after the restart either.
    """
    start = session.target.start
    if start is None or start.restart is None or session.platform_pid is None:
        return None
    broken = _broken(session, start, PATIENCE)
    if broken is None:
        return None
    os.kill(session.platform_pid, signal.Signals[start.restart])
    if (still := _broken(session, start, start.timeout)) is not None:
        raise TargetError(
            f"{session.target.name}: {still} fails even after a restart ({start.restart}). "
            f"See {session.run.logs}."
        )
    return broken


def _broken(session: Session, start: Start, patience: float) -> str | None:
    """A path that still fails after ``patience`` seconds, None as soon as all are answered."""
    deadline = time.monotonic() + patience
    with _client(session) as client:
        while True:
            failing = next((path for path in start.alive if not _answered(client, path)), None)
            if failing is None or time.monotonic() > deadline:
                return failing
            time.sleep(_POLL)


def _client(session: Session) -> httpx.Client:
    tenants = session.target.tenants
    who = next(((name, role) for name, tenant in tenants.items() for role in tenant.roles), None)
    headers = session.headers(*who) if who else {}
    return httpx.Client(base_url=session.base_url, headers=headers, timeout=2.0)


def _answered(client: httpx.Client, path: str) -> bool:
    """Whether something that works answered; that nothing is there is an answer, too."""
    try:
        return client.get(path).status_code < _SERVER_ERROR
    except httpx.HTTPError:
        return False
