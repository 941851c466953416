"""Bringing a platform up: guardian, fault proxy, edges, then the platform itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
from toxiproxy import Toxiproxy
from toxiproxy.exceptions import ProxyExists

from codeblue.errors import TargetError, UsageError
from codeblue.guardian import Guardian
from codeblue.journal import Journal, RunDirectory
from codeblue.session.session import SESSION_VARIABLE, Session, SessionFile, resume
from codeblue.target import Start, Target, Variables, load_target
from codeblue.verdict import ExitCode

_POLL = 0.05
_PROXY_TIMEOUT = 15.0


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
        proxy_url = _start_proxy(guardian, run, seed, variables)
        _create_edges(proxy_url, target)
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


def _start_proxy(guardian: Guardian, run: RunDirectory, seed: int, variables: Variables) -> str:
    """Address of the Toxiproxy API: the one in ``TOXIPROXY_URL``, or an embedded server."""
    given = os.environ.get("TOXIPROXY_URL", "").rstrip("/")
    if given:
        _must_be_toxiproxy(given)
        return given
    # Drawn with the others, so that it is none of those promised to the platform and its edges.
    port = variables.port("fault-proxy")
    command = [sys.executable, "-m", "codeblue.proxy", "--port", str(port), "--seed", str(seed)]
    process = _spawn(command, run.logs / "proxy.log")
    guardian.watch(process)
    url = f"http://127.0.0.1:{port}"
    _wait(url + "/version", process, run.logs / "proxy.log", _PROXY_TIMEOUT, "the fault proxy")
    return url


def _must_be_toxiproxy(url: str) -> None:
    try:
        httpx.get(f"{url}/version", timeout=5.0).raise_for_status()
    except httpx.HTTPError as error:
        raise TargetError(
            f"TOXIPROXY_URL {url}: no Toxiproxy answers there ({error}). "
            "Start it, or unset the variable to use the embedded one."
        ) from error


def _create_edges(proxy_url: str, target: Target) -> None:
    toxiproxy = Toxiproxy()
    host, _, port = proxy_url.removeprefix("http://").rpartition(":")
    toxiproxy.update_api_consumer(host, int(port))
    for edge in target.edges.values():
        try:
            toxiproxy.create(name=edge.name, upstream=edge.upstream, listen=edge.listen)
        except ProxyExists:
            toxiproxy.destroy(toxiproxy.get_proxy(edge.name))
            toxiproxy.create(name=edge.name, upstream=edge.upstream, listen=edge.listen)
        except KeyError:
            # The client does not look at 5xx; the answer has no "name" when the port is taken.
            raise TargetError(
                f"codeblue.toml [edges.{edge.name}] listen: {edge.listen} is already in use. "
                "Choose another port, or end the process that holds it."
            ) from None


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
    process = _spawn(target.start.command, log, workspace, target.start.environment)
    guardian.watch(process)
    guardian.discard(data)
    began = time.monotonic()
    _wait_ready(target, target.start, process, log)
    Journal(run).event(
        "note", text=f"{target.name} was ready after {time.monotonic() - began:.1f} s."
    )
    return process.pid


def _wait_ready(target: Target, start: Start, process: subprocess.Popen[bytes], log: Path) -> None:
    _wait(target.base_url + start.ready, process, log, start.timeout, target.name)


def _must_answer(target: Target) -> None:
    url = httpx.URL(target.base_url)
    try:
        socket.create_connection((url.host, url.port or 80), timeout=5).close()
    except OSError as error:
        raise TargetError(
            f"target {target.base_url}: does not answer ({error.strerror or error}). "
            "Start the platform, or correct target.base_url in codeblue.toml."
        ) from error


def _spawn(
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


def _wait(url: str, process: subprocess.Popen[bytes], log: Path, timeout: float, what: str) -> None:
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
