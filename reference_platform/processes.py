"""Child processes of the supervisor: forked, logged, and dead when the supervisor is dead."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """The unprivileged account that a server runs under when the supervisor is root."""

    uid: int
    gid: int

    def assume(self) -> None:
        """Become this account for good; no supplementary group is kept."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def die_with_parent(parent: int, death_signal: int) -> None:
    """Ask the kernel for `death_signal` when process `parent` ends; Linux only.

    Call it after a change of user, which clears the request. The kernel ties the request to the
    parent *thread*, so only a supervisor's main thread may fork.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the request was made
        os._exit(1)


def name_process(name: str) -> None:
    """What `ps`, `top` and `pgrep` call this process, 15 bytes at most; Linux only.

    Forked children share the supervisor's command line, and nobody could tell them apart by it.
    """
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


class Process:
    """One child that can be started again after its death.

    Args:
        name: what the processes table and the log file call it, and with `rp-` in front, `ps`.
        run: the child's whole life; it may end in `execute`.
        log: the file that gets standard output and standard error.
        account: the account to change to, or None to keep the supervisor's.
        stop_signal: what asks it to end.
        death_signal: what the kernel sends it when the supervisor is gone.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], None],
        log: Path,
        *,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self.pid: int | None = None
        self._run = run
        self._account = account
        self._stop_signal = stop_signal
        self._death_signal = death_signal

    def start(self) -> None:
        """Fork; returns at once, long before the child is ready."""
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._live(parent)
        self.pid = pid

    @property
    def alive(self) -> bool:
        """Whether it runs; a dead child is reaped and forgotten."""
        if self.pid is not None and os.waitpid(self.pid, os.WNOHANG)[0]:
            self.pid = None
        return self.pid is not None

    def terminate(self) -> None:
        """Ask it to end."""
        self._send(self._stop_signal)

    def kill(self) -> None:
        """End it, and wait for its end."""
        self._send(signal.SIGKILL)
        if self.pid is not None:
            os.waitpid(self.pid, 0)
            self.pid = None

    def _send(self, number: signal.Signals) -> None:
        if self.alive and self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _live(self, parent: int) -> NoReturn:
        status = 1
        try:
            os.setsid()  # an interrupt typed at the terminal is the supervisor's to handle
            name_process(f"rp-{self.name}")
            _restore_signals()
            _redirect_output(self.log)
            if self._account is not None:
                self._account.assume()
            die_with_parent(parent, self._death_signal)
            self._run()
            status = 0
        except BaseException:  # noqa: BLE001 - the child must never return into the parent's code
            traceback.print_exc()
        finally:
            os._exit(status)


def execute(arguments: list[str], folder: Path) -> NoReturn:
    """Replace this process by the program `arguments[0]`, in `folder`."""
    os.chdir(folder)
    # Python ignores it, and a program would inherit that. Not earlier: a service that is Python
    # itself must get an error, not its death, when a peer is gone.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(arguments[0], arguments)  # noqa: S606 - a list, never a shell string


def stop_all(processes: Sequence[Process], grace: float) -> None:
    """Ask every process to end, wait `grace` seconds for all of them together, kill the rest."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace
    while any(process.alive for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)
    for process in processes:
        process.kill()


def _restore_signals() -> None:
    """Undo the supervisor's handlers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def _redirect_output(log: Path) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # By line, for `os._exit` flushes nothing; and new, for the parent's may hold its own text.
    sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
