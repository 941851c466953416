"""The holder's side: start a guardian, give it orders, and notice when it is gone."""

from __future__ import annotations

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from codeblue.errors import CodeblueError
from codeblue.faults.healing import healed_for_another, in_parallel, write_down
from codeblue.faults.record import StandingFault

BEAT_SECONDS = 0.3
ANSWER_SECONDS = 10.0
_GOODBYE_SECONDS = 1.0


class GuardianLostError(CodeblueError):
    """There is no guardian any more, so nothing may stay broken."""


class Guardian:
    """A guardian process and the pipe to it.

    A thread of this process sends a beat each 0.3 s. When the guardian does not answer any more,
    that thread heals everything that was watched, at once, and ``lost`` says why.
    """

    def __init__(self, log: Path | None = None) -> None:
        self._process = _started(log)
        self.lost: str | None = None
        self._watched: dict[str, StandingFault] = {}
        self._asking = threading.Lock()
        self._number = 0
        self._heard = b""
        self._done = threading.Event()
        threading.Thread(target=self._beat, name="guardian", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id of the guardian."""
        return self._process.pid

    def watch(self, standing: StandingFault) -> None:
        """Have ``standing`` healed should this process die; returns when that is certain.

        Raises:
            GuardianLostError: nobody would heal it, so it must not be injected.
        """
        self._watched[standing.fault] = standing
        self._ask({"watch": asdict(standing)})

    def watches(self, fault: str) -> bool:
        """Whether that fault is on the list."""
        return fault in self._watched

    def strike(self, fault: str) -> None:
        """Have ``fault`` never healed again; returns when that is certain."""
        self._watched.pop(fault, None)
        with suppress(GuardianLostError):  # it heals nothing either
            self._ask({"strike": fault})

    def require(self) -> None:
        """Raise GuardianLostError unless the guardian answers."""
        self._ask({"beat": True})

    def close(self) -> None:
        """Let the guardian go; it heals what is still on its list, and ends."""
        self._done.set()
        with self._asking, suppress(OSError):
            self._pipe(self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GOODBYE_SECONDS)

    def _beat(self) -> None:
        while not self._done.wait(BEAT_SECONDS):
            try:
                self._ask({"beat": True})
            except GuardianLostError:
                if not self._done.is_set():
                    self._heal_everything()
                return

    def _heal_everything(self) -> None:
        standing = list(self._watched.values())
        for each, outcome in zip(standing, in_parallel(healed_for_another, standing), strict=True):
            write_down(each, outcome, by="holder", because="its guardian died")

    def _ask(self, order: dict[str, Any]) -> None:
        """Give an order and wait for the answer to it."""
        with self._asking:
            if self.lost is None:
                self._number += 1
                try:
                    self._exchange({"number": self._number, **order})
                except (OSError, ValueError) as error:
                    self._lose(str(error) or type(error).__name__)
        if self.lost is not None:
            raise GuardianLostError(
                f"the guardian (process {self.pid}) is gone: {self.lost}. Its faults were healed "
                "at once, so what was measured says nothing. Run again."
            )

    def _lose(self, why: str) -> None:
        """Give it up; one that only hung must not wake up later and heal what is not its own."""
        self.lost = why
        self._process.kill()
        self._process.wait()

    def _exchange(self, order: dict[str, Any]) -> None:
        deadline = time.monotonic() + ANSWER_SECONDS
        self._write(json.dumps(order).encode() + b"\n", deadline)
        # Ctrl-C may have cut an earlier exchange short; its answer comes first.
        while json.loads(self._line(deadline))["number"] != order["number"]:
            continue

    def _write(self, data: bytes, deadline: float) -> None:
        descriptor = self._pipe(self._process.stdin).fileno()
        while data:
            patience = max(0.0, deadline - time.monotonic())
            _, ready, _ = select.select([], [descriptor], [], patience)
            if not ready:
                raise TimeoutError(f"it takes no orders for {ANSWER_SECONDS:g} s")
            data = data[os.write(descriptor, data[: select.PIPE_BUF]) :]

    def _line(self, deadline: float) -> bytes:
        descriptor = self._pipe(self._process.stdout).fileno()
        while b"\n" not in self._heard:
            patience = max(0.0, deadline - time.monotonic())
            if not select.select([descriptor], [], [], patience)[0]:
                raise TimeoutError(f"no answer for {ANSWER_SECONDS:g} s")
            part = os.read(descriptor, select.PIPE_BUF)
            if not part:
                raise BrokenPipeError("it ended")
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None  # noqa: S101 - it was asked for
        return pipe


def _started(log: Path | None) -> subprocess.Popen[bytes]:
    """The process, in a session of its own: neither Ctrl-C nor the end of this one reaches it."""
    with Path(os.devnull if log is None else log).open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "codeblue.faults.guardian"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,  # not ours: whoever reads ours would wait for the guardian, too
            start_new_session=True,
        )


_current: Guardian | None = None
_starting = threading.Lock()


def guardian(run: Path | None = None) -> Guardian:
    """The guardian of this process; started when there is none, or the last one was lost.

    What goes wrong in it is kept in the logs of ``run``, the run that it was started for.
    """
    global _current  # noqa: PLW0603 - one for each process
    with _starting:
        if _current is None or _current.lost is not None:
            logs = None if run is None else run / "logs"
            _current = Guardian(logs / "guardian.log" if logs and logs.is_dir() else None)
            atexit.register(_current.close)
        return _current


def _forget() -> None:
    """A forked child has no guardian; only its parent may give orders to that one."""
    global _current, _starting
    if _current is not None:
        atexit.unregister(_current.close)
    _current, _starting = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
