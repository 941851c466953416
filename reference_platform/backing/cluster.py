"""The files of a PostgreSQL cluster: a private folder, filled from a cached template."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from reference_platform.backing.installation import give, reachable, run_as
from reference_platform.backing.service import BackingError
from reference_platform.processes import Account

_OPTIONS = [
    "--no-sync",
    "-A",
    "scram-sha-256",
    "-E",
    "UTF8",
    "--locale=C",
    "-U",
    "postgres",
    "--no-data-checksums",
]
_PREFIX = "reference-platform-postgresql-"
_SETTLED = 60.0  # seconds after which a new folder surely holds its lock


class ClusterFolder:
    """A folder of one run: made where `account` can reach it, removed when the run ends.

    The data folder is preferred; when it lies under a private path, the system's temporary folder
    serves, and what killed runs left there is swept. Nobody's permissions are changed.
    """

    def __init__(self, data: Path, account: Account | None) -> None:
        self._account = account
        places = (data, Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))  # noqa: S108
        place = next((p for p in places if p.is_dir() and reachable(p, account)), None)
        if place is None:
            raise BackingError(f"postgresql: {data} is closed to its account. Choose another.")
        _sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place)).resolve()
        self._lock = _lock(self.path)
        give(self.path, account)

    @property
    def data(self) -> Path:
        """What PostgreSQL calls its data directory."""
        return self.path / "data"

    def fill(self, programs: Path) -> str:
        """Put an initialised cluster into `data`; returns the password of its superuser.

        Raises:
            BackingError: `initdb` failed.
        """
        template = _template(programs)
        if template is not None and (password := _from_template(template, self.data)):
            give(self.data, self._account)
            return password
        password = self._initialise(programs)
        if template is not None:
            _keep(self.data, password, template)
        return password

    def remove(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def _initialise(self, programs: Path) -> str:
        password = secrets.token_urlsafe(24)
        file = self.path / "password"
        file.touch(mode=0o600)
        file.write_text(password, encoding="utf-8")
        give(self.path, self._account)
        command = [str(programs / "initdb"), *_OPTIONS, "--pwfile", str(file), "-D", str(self.data)]
        try:
            run_as(self._account, command, self.path)
        except subprocess.CalledProcessError as error:
            raise BackingError(f"postgresql: initdb failed: {error.stderr.strip()}") from error
        file.unlink()
        return password


def cache_folder() -> Path | None:
    """Where templates are kept for the next run, or None when this user has no such place."""
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = root / "reference-platform"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return folder if folder.stat().st_uid == os.geteuid() else None


def _template(programs: Path) -> Path | None:
    """The template's place for exactly this server and these options; it may not exist yet."""
    if (cache := cache_folder()) is None:
        return None
    server = (programs / "postgres").stat()
    key = f"{server.st_size} {int(server.st_mtime)} {' '.join(_OPTIONS)}"
    return cache / f"postgresql-18-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def _from_template(template: Path, data: Path) -> str | None:
    """Copy the template to `data`; None when there is none yet."""
    try:
        password = (template / "password").read_text(encoding="utf-8")
        shutil.copytree(template / "data", data)
    except (OSError, shutil.Error):
        shutil.rmtree(data, ignore_errors=True)
        return None
    return password


def _keep(data: Path, password: str, template: Path) -> None:
    """Save a fresh cluster as the template; of several that try at once the first one wins.

    It is renamed into place when complete. A template is a convenience: no room is no error.
    """
    draft = Path(tempfile.mkdtemp(prefix="draft-", dir=template.parent))
    try:
        shutil.copytree(data, draft / "data")
        (draft / "password").touch(mode=0o600)
        (draft / "password").write_text(password, encoding="utf-8")
        draft.rename(template)
    except (OSError, shutil.Error):
        shutil.rmtree(draft, ignore_errors=True)


def _lock(folder: Path) -> int:
    """Hold `folder` as long as this process lives; whoever gets the lock may remove it."""
    descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _sweep(place: Path) -> None:
    """Remove the folders of runs that were killed before they could remove them."""
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _SETTLED:
                continue
            descriptor = _lock(folder)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
