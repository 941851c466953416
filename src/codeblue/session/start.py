"""Bringing a platform up: guardian, fault proxy, edges, then the platform itself."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx

from codeblue.errors import TargetError
from codeblue.guardian import Guardian
from codeblue.journal import Journal, RunDirectory
from codeblue.session import fault_proxy
from codeblue.session.child import spawn, wait_until_ready
from codeblue.session.session import Session, resume
from codeblue.session_file import SESSION_VARIABLE, SessionFile
from codeblue.target import Start, Target, Variables, load_target


@contextmanager
def started(workspace: Path, run: RunDirectory, profile: str, seed: int) -> Iterator[Session]:
    """A live session of the target of ``workspace``, ended when the block is left.

    Raises:
        UsageError: ``codeblue.toml`` is wrong.
        TargetError: the platform does not start, or does not answer.
    """
    variables = Variables(profile=profile, data=str(run.path / "platform"))
    target = load_target(workspace, variables)
    guardian = Guardian()
    try:
        proxy_url = fault_proxy.start(guardian, run, seed, variables, fault_proxy.chosen())
        fault_proxy.create_edges(proxy_url, target, guardian)
        platform_pid = _start_platform(guardian, run, workspace, target)
        stored = SessionFile(
            workspace=str(workspace),
            run=str(run.path),
            profile=profile,
            seed=seed,
            holder=os.getpid(),
            proxy_url=proxy_url,
            platform_pid=platform_pid,
            variables=asdict(variables),
        )
        with _current(stored, run.path / "session.json"):
            yield resume(stored)
    finally:
        guardian.release()


@contextmanager
def _current(stored: SessionFile, path: Path) -> Iterator[None]:
    """Let this process and its children attach to the session."""
    os.environ[SESSION_VARIABLE] = str(path)
    try:
        with stored.published(path):
            yield
    finally:
        os.environ.pop(SESSION_VARIABLE, None)


def _start_platform(
    guardian: Guardian, run: RunDirectory, workspace: Path, target: Target
) -> int | None:
    """The pid of the platform's process, when it is codeblue that starts it."""
    if target.start is None:
        _must_answer(target)
        return None
    log = run.logs / "platform.log"
    data = run.path / "platform"
    data.mkdir(exist_ok=True)
    process = spawn(target.start.command, log, workspace, target.start.environment)
    guardian.watch(process)
    guardian.discard(data)
    began = time.monotonic()
    _wait_ready(target, target.start, process, log)
    Journal(run).event(
        "note", text=f"{target.name} was ready after {time.monotonic() - began:.1f} s."
    )
    return process.pid


def _wait_ready(target: Target, start: Start, process: subprocess.Popen[bytes], log: Path) -> None:
    wait_until_ready(target.base_url + start.ready, process, log, start.timeout, target.name)


def _must_answer(target: Target) -> None:
    url = httpx.URL(target.base_url)
    try:
        socket.create_connection((url.host, url.port or 80), timeout=5).close()
    except OSError as error:
        raise TargetError(
            f"target {target.base_url}: does not answer ({error.strerror or error}). "
            "Start the platform, or correct target.base_url in codeblue.toml."
        ) from error
