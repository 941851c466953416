"""A session: a platform that is up, the proxy in front of its edges, and the run it writes to."""

from codeblue.session.restart import restart_if_broken
from codeblue.session.session import Session, attach
from codeblue.session.start import started

__all__ = ["Session", "attach", "restart_if_broken", "started"]
