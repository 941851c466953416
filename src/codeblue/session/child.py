"""Servers that a session starts: begun in a session of their own, awaited until they answer."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import httpx

from codeblue.errors import TargetError, UsageError
from codeblue.verdict import ExitCode

_POLL = 0.05


def spawn(
    command: list[str],
    log: Path,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, so that Ctrl-C reaches only the holder."""
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except OSError as error:
        raise TargetError(
            f"{command[0]}: cannot be started ({error.strerror}). "
            "Correct target.start.command in codeblue.toml."
        ) from error


def wait_until_ready(
    url: str, process: subprocess.Popen[bytes], log: Path, timeout: float, what: str
) -> None:
    """Wait until `url` is answered with a success; `what` is the server's name for people.

    Raises:
        UsageError: it said that it was called wrongly.
        TargetError: it ended, or does not answer within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    with httpx.Client(timeout=2.0) as client:
        while not _is_ok(client, url):
            if process.poll() is not None:
                # By convention a command that was called wrongly exits with 2.
                kind = UsageError if process.returncode == ExitCode.USAGE else TargetError
                raise kind(f"{what}: did not start. {_last_words(log)}")
            if time.monotonic() > deadline:
                raise TargetError(
                    f"{what}: not ready at {url} after {timeout:.0f} s. See {log}, or raise "
                    "target.start.timeout in codeblue.toml."
                )
            time.sleep(_POLL)


def _is_ok(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(url).is_success
    except httpx.HTTPError:
        return False


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    spoken = (errors or lines or ["It printed nothing."])[-1]
    return f"{spoken.removeprefix('error:').strip()} (Log: {log})"
