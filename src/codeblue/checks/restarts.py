"""The death of a platform's processes in the middle of their work."""

from __future__ import annotations

import os
import signal

from codeblue.errors import UsageError
from codeblue.session import Session


def restart(session: Session) -> None:
    """Restart the services of the platform, as codeblue.toml says how; returns at once.

    Raises:
        UsageError: codeblue did not start this platform, or has not been told how to restart it.
    """
    start = session.target.start
    if start is None or start.restart is None or session.platform_pid is None:
        raise UsageError(
            f"{session.target.name}: cannot be restarted. Let codeblue start it, and set "
            "target.start.restart in codeblue.toml to the signal that restarts its services."
        )
    os.kill(session.platform_pid, signal.Signals[start.restart])
