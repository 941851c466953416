"""Descriptors and file sizes: a process meets its limits, and gets them back."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.faults import make
from codeblue.faults.process.descriptors import limit_for

from ..processes import Platform, platform, until

# Does what it is asked for over a connection, and answers with what came of it.
SERVANT = """
import errno, os, socket, subprocess, sys
server = socket.socket(socket.AF_UNIX)
server.bind({address!r})
server.listen()
kept, child = [], None
talk, _ = server.accept()
for line in talk.makefile():
    try:
        if line.startswith("open"):
            kept.append(open(os.devnull))
        elif line.startswith("write"):
            with open({file!r}, "ab") as out:
                out.write(b"x" * int(line.split()[1]))
        else:
            child = os.fork() or __import__("time").sleep(3600)
        talk.sendall(b"done\\n")
    except OSError as error:
        talk.sendall(errno.errorcode[error.errno].encode() + b"\\n")
"""


class Servant:
    def __init__(self, running: Platform, talk: socket.socket) -> None:
        self.platform, self.ground = running, running.ground
        self._talk = talk
        self._answers = talk.makefile()

    def asked(self, line: str) -> str:
        self._talk.sendall(f"{line}\n".encode())
        return self._answers.readline().strip()

    def limits(self, limit: int) -> set[tuple[int, int]]:
        """Of the process and of its children."""
        child = self.platform.child()
        return {resource.prlimit(each.pid, limit) for each in (child, *child.children())}


@contextmanager
def servant(tmp_path: Path) -> Iterator[Servant]:
    address = tmp_path / "s"
    child = SERVANT.format(address=str(address), file=str(tmp_path / "file"))
    with platform(child) as running, socket.socket(socket.AF_UNIX) as talk:
        until(lambda: talk.connect_ex(str(address)) == 0)
        yield Servant(running, talk)


@pytest.mark.parametrize("left", [0, 1, 5])
def test_exactly_so_many_descriptors_are_left(tmp_path: Path, left: int) -> None:
    with servant(tmp_path) as process:
        before = process.limits(resource.RLIMIT_NOFILE)
        fault = make("descriptors", "worker", left=left)
        trace = fault.prepare(process.ground)
        assert process.limits(resource.RLIMIT_NOFILE) == before
        fault.inject(process.ground, trace)
        assert not fault.healed(process.ground, trace)
        asked = [process.asked("open") for _ in range(left + 2)]
        assert asked == ["done"] * left + ["EMFILE"] * 2
        for _ in range(2):
            fault.heal(process.ground, trace)
            assert fault.healed(process.ground, trace)
        assert process.limits(resource.RLIMIT_NOFILE) == before
        assert process.asked("open") == "done"


def test_a_child_that_inherited_the_limit_is_healed_with_it(tmp_path: Path) -> None:
    with servant(tmp_path) as process:
        before = process.limits(resource.RLIMIT_NOFILE)
        fault = make("descriptors", "worker", left=3)
        trace = fault.prepare(process.ground)
        fault.inject(process.ground, trace)
        assert process.asked("fork") == "done"
        until(lambda: len(process.platform.child().children()) == 1)
        fault.heal(process.ground, trace)
        assert process.limits(resource.RLIMIT_NOFILE) == before


def test_files_can_grow_to_the_limit_and_no_further(tmp_path: Path) -> None:
    with servant(tmp_path) as process:
        fault = make("file-size", "worker", kilobytes=4)
        trace = fault.prepare(process.ground)
        fault.inject(process.ground, trace)
        assert process.asked("write 4096") == "done"
        assert process.asked("write 1") == "EFBIG"
        assert (tmp_path / "file").stat().st_size == 4096
        assert not fault.healed(process.ground, trace)
        fault.heal(process.ground, trace)
        assert fault.healed(process.ground, trace)
        assert process.asked("write 1") == "done"


def test_a_process_that_the_signal_would_kill_is_refused(tmp_path: Path) -> None:
    child = "import signal, time; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); print(1)"
    ready = tmp_path / "ready"
    child += f"; open({str(ready)!r}, 'w').close(); time.sleep(3600)"
    with platform(child) as running:
        until(ready.exists)
        with pytest.raises(UsageError, match="would be killed rather than see an error"):
            make("file-size", "worker").prepare(running.ground)


def test_more_than_it_may_have_anyway_is_no_fault() -> None:
    with (
        platform() as running,
        pytest.raises(UsageError, match=r"its soft limit is \d+. Give less"),
    ):
        make("descriptors", "worker", left=10**7).prepare(running.ground)


def test_one_that_is_gone_is_healed(tmp_path: Path) -> None:
    with platform() as running:
        fault, child = make("descriptors", "worker"), running.child()
        trace = fault.prepare(running.ground)
        fault.inject(running.ground, trace)
        child.kill()
        until(lambda: fault.healed(running.ground, trace))
        successor = running.child(after=child)
        soft = resource.prlimit(successor.pid, resource.RLIMIT_NOFILE)[0]
        assert soft == psutil.Process().rlimit(psutil.RLIMIT_NOFILE)[0]
        fault.heal(running.ground, trace)


@given(st.sets(st.integers(0, 300)), st.integers(0, 300))
def test_below_the_limit_exactly_so_many_numbers_are_free(taken: set[int], left: int) -> None:
    limit = limit_for(taken, left)
    free = [number for number in range(limit) if number not in taken]
    assert len(free) == left
    assert limit not in taken  # one more would let one more be opened
