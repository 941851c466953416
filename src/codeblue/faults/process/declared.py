"""The processes of `[processes.NAME]`: found by what they call themselves, or by their pidfile."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from codeblue.errors import UsageError, did_you_mean
from codeblue.faults.ground import Ground
from codeblue.faults.process.identity import Identity

ANSWER_SECONDS = 1.0
_CLOCK_SLACK = 2.0  # seconds; a pidfile's time and a process's come from different clocks


@dataclass(frozen=True)
class Declared:
    """One section `[processes.NAME]`, and the platform among whose descendants it is looked for."""

    name: str
    platform_pid: int | None = None
    match: str | None = None
    pidfile: str | None = None
    restart: tuple[str, ...] = ()
    stop_signal: str = "SIGTERM"
    answers: str | None = None

    @classmethod
    def on(cls, ground: Ground, name: str) -> Declared:
        """The process called `name`; UsageError when `codeblue.toml` declares none."""
        if name not in ground.processes:
            raise UsageError(
                f'process "{name}": codeblue.toml has no section [processes.{name}]. '
                f"{did_you_mean(name, ground.processes)}"
            )
        section = dict(ground.processes[name])
        section["restart"] = tuple(section.get("restart") or ())
        return cls(name, ground.platform_pid, **section)

    @property
    def signal(self) -> signal.Signals:
        """What asks it to end."""
        return signal.Signals[self.stop_signal]

    def running(self) -> list[Identity]:
        """Every process that is this one now: normally one, or none while it is away."""
        if self.pidfile is not None:
            return self._by_pidfile(Path(self.pidfile))
        if self.platform_pid is None:
            raise UsageError(
                f"codeblue.toml [processes.{self.name}]: `match` looks among the descendants of a "
                "platform that codeblue started, and this one it did not. Give its `pidfile`."
            )
        return self._by_match(self.platform_pid)

    def find(self) -> Identity:
        """The one process, which may be signalled.

        Raises:
            UsageError: it does not run, it is several, or it is not ours to break.
        """
        found = self.running()
        if len(found) != 1:
            raise UsageError(self._not_one(found))
        self._must_be_breakable(found[0])
        return found[0]

    def answering(self) -> bool:
        """Whether `answers` does; without one it is enough that it runs."""
        if self.answers is None:
            return True
        if "://" in self.answers:
            return _answers_http(self.answers)
        host, _, port = self.answers.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
        except OSError:
            return False
        return True

    def back(self) -> bool:
        """Whether it runs and answers."""
        return bool(self.running()) and self.answering()

    def _by_pidfile(self, path: Path) -> list[Identity]:
        """Its first line is the number; a process that is younger than the file is a stranger."""
        try:
            pid, written = int(path.read_text().split("\n", 1)[0]), path.stat().st_mtime
            born = psutil.Process(pid).create_time()
        except (ValueError, OSError, psutil.Error):
            return []
        member = Identity.of(pid)
        if member is None or born > written + _CLOCK_SLACK:
            return []
        return [member] if self.match is None or self.match in says(pid) else []

    def _by_match(self, platform_pid: int) -> list[Identity]:
        """The topmost ones: a server's own children often bear its name."""
        parents = _family(platform_pid)
        matching = {pid for pid in parents if (self.match or "") in says(pid)}
        top = [pid for pid in matching if not _ancestors(pid, parents) & matching]
        members = (Identity.of(pid) for pid in sorted(top))
        return [member for member in members if member is not None]

    def _not_one(self, found: list[Identity]) -> str:
        where = f"codeblue.toml [processes.{self.name}]"
        if found:
            numbers = ", ".join(str(each.pid) for each in found)
            return f'{where}: "{self.match}" matches several (pid {numbers}). Let it say more.'
        if self.pidfile is not None:
            return (
                f"{where}: {self.pidfile} names no process that runs, or one that is younger than "
                "the file. Start the platform, or correct the path."
            )
        return (
            f'{where}: no descendant of the platform (pid {self.platform_pid}) has "{self.match}" '
            "in its name or command line. Look with `ps`, and correct `match`."
        )

    def _must_be_breakable(self, member: Identity) -> None:
        ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
        if member.pid in ours or member.pid == 1:
            raise UsageError(
                f"codeblue.toml [processes.{self.name}]: pid {member.pid} is codeblue itself or "
                "what it was started from, and is never broken. Correct the section."
            )
        try:
            os.kill(member.pid, 0)
        except PermissionError:
            raise UsageError(
                f"process {self.name} (pid {member.pid}): it belongs to another account, which "
                "this one may not signal. Run codeblue under the account of the platform."
            ) from None


def says(pid: int) -> str:
    """The name of a process and its command line, as `ps` shows them; empty when it is gone."""
    folder = Path(f"/proc/{pid}")
    try:
        name = (folder / "comm").read_text(errors="replace").rstrip("\n")
        line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
    return f"{name} {line}".strip()


def _family(root: int) -> dict[int, int]:
    """The parent of every process from `root` downwards, `root` included."""
    parents = {root: 0}
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(root).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                parents[child.pid] = child.ppid()
    return parents


def _ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while (pid := parents.get(pid, 0)) and pid not in found:
        found.add(pid)
    return found


def _answers_http(url: str) -> bool:
    import httpx  # half a second, which the guardian's start does not wait for

    try:
        return httpx.get(url, timeout=ANSWER_SECONDS, trust_env=False).is_success
    except httpx.HTTPError:
        return False
