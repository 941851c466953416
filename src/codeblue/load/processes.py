"""One Locust process: started in a session of its own, and always ended."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from codeblue.load.channel import Channel
from codeblue.load.order import CHANNEL, ORDER

_LOCUSTFILE = Path(__file__).parent / "_locust" / "locustfile.py"
_EXIT_TIMEOUT = 5.0
_ERROR = re.compile(r"/(?:ERROR|CRITICAL)/[\w.]+: (.+)")  # as Locust logs


class LocustProcess:
    """Locust with the order in the file ``order`` and further ``arguments``; it prints to ``log``.

    It runs in a session of its own, so that Ctrl-C reaches only this process. ``channel`` is the
    line to it; when this end closes, however it closes, Locust ends.
    """

    def __init__(self, order: Path, arguments: list[str], log: Path) -> None:
        self.log = log
        ours, theirs = socket.socketpair()
        with theirs, log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), *arguments],
                cwd=log.parent,
                env=_environment(order, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.channel = Channel(ours)

    @property
    def ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    @property
    def last_words(self) -> str:
        """The last error that it logged, else the last line that it printed."""
        lines = [line.strip() for line in self.log.read_text(errors="replace").splitlines()]
        errors = [found[1] for line in lines if (found := _ERROR.search(line))]
        printed = [line for line in lines if line]
        return (errors or printed or ["It printed nothing."])[-1]

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.wait()

    def end(self) -> None:
        """Hang up, give it a moment to end by itself, then kill it."""
        self.channel.close()
        try:
            self._process.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def _environment(order: Path, descriptor: int) -> dict[str, str]:
    # Settings for the user's own Locust runs (LOCUST_USERS, LOCUST_TAGS ...) are not for this one.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    return {**kept, ORDER: str(order), CHANNEL: str(descriptor)}
