"""Named network namespaces, as `ip netns` makes them; never the host's own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from codeblue.errors import CodeblueError, UsageError

FOLDER = Path("/run/netns")
COMMAND_SECONDS = 5.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_HOSTS = (Path("/proc/1/ns/net"), Path("/proc/self/ns/net"))


def inode(namespace: str) -> int | None:
    """What tells the namespace from a later one of the same name; None when it is gone."""
    try:
        return (FOLDER / namespace).stat().st_ino
    except OSError:
        return None


def must_be_named(type: str, namespace: str) -> int:  # noqa: A002 - the experiments' word
    """The inode of the namespace.

    Raises:
        UsageError: there is none of that name, or it is the one of the host or of codeblue.
    """
    if not _NAME.fullmatch(namespace) or namespace in (".", ".."):
        raise UsageError(f'fault {type}: "{namespace}" is no name of a network namespace.')
    found = inode(namespace)
    if found is None:
        raise UsageError(
            f'fault {type}: there is no network namespace "{namespace}" ({FOLDER}). '
            f"Make it with `ip netns add {namespace}`, and run the platform, or a part, in it."
        )
    if found in _own():
        raise UsageError(
            f'fault {type}: "{namespace}" is the network namespace of the host itself, which is '
            "never broken. Run the platform, or a part of it, in one of its own."
        )
    return found


def run_inside(namespace: str, command: list[str], text: str = "") -> str:
    """What `command` prints in the namespace, when it is given `text` to read.

    Raises:
        CodeblueError: it fails, with its own words.
    """
    line = ["nsenter", f"--net={FOLDER / namespace}", *command]
    try:
        done = subprocess.run(
            line, input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CodeblueError(f"namespace {namespace}: `{' '.join(command)}`: {error}.") from error
    if done.returncode != 0:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[0]
        raise CodeblueError(f"namespace {namespace}: `{' '.join(command)}` failed: {said}")
    return done.stdout


def _own() -> set[int]:
    found = set()
    for path in _HOSTS:
        try:
            found.add(os.stat(path).st_ino)  # noqa: PTH116 - follows the link into the kernel
        except OSError:
            continue
    return found
