"""How the processes of `[processes.NAME]` are found."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import psutil
import pytest

from codeblue.errors import UsageError
from codeblue.faults import Ground
from codeblue.faults.process.declared import Declared, says

from ..processes import FAMILY, MATCH, platform, until


def declared(**section: object) -> Declared:
    processes = {"worker": dict(section)}
    return Declared.on(Ground("x", platform_pid=os.getpid(), processes=processes), "worker")


def test_of_a_family_of_one_name_it_is_the_topmost() -> None:
    with platform(FAMILY) as running:
        child = running.child()
        until(lambda: len(child.children()) == 2)
        assert all(MATCH in says(each.pid) for each in child.children())
        assert Declared.on(running.ground, "worker").find().pid == child.pid


def test_a_pidfile_is_read_by_its_first_line(tmp_path: Path) -> None:
    with platform() as running:
        pid = running.child().pid
        (tmp_path / "pid").write_text(f"{pid}\n/somewhere\nready\n")
        assert declared(pidfile=str(tmp_path / "pid")).find().pid == pid
        assert declared(pidfile=str(tmp_path / "pid"), match=MATCH).find().pid == pid
        with pytest.raises(UsageError, match="names no process that runs"):
            declared(pidfile=str(tmp_path / "pid"), match="another").find()


@pytest.mark.parametrize("text", ["", "not a number", "4000000"])
def test_a_pidfile_without_a_living_process_is_said(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    with pytest.raises(UsageError, match="names no process that runs"):
        declared(pidfile=str(tmp_path / "pid")).find()
    with pytest.raises(UsageError, match="names no process that runs"):
        declared(pidfile=str(tmp_path / "absent")).find()


def test_a_process_that_is_younger_than_its_pidfile_is_a_stranger(tmp_path: Path) -> None:
    with platform() as running:
        (tmp_path / "pid").write_text(str(running.child().pid))
        long_ago = time.time() - 3600
        os.utime(tmp_path / "pid", (long_ago, long_ago))
        with pytest.raises(UsageError, match="younger than the file"):
            declared(pidfile=str(tmp_path / "pid")).find()


@pytest.mark.parametrize("who", [os.getpid, os.getppid, lambda: 1])
def test_codeblue_itself_is_never_broken(tmp_path: Path, who: object) -> None:
    assert callable(who)
    (tmp_path / "pid").write_text(str(who()))
    with pytest.raises(UsageError, match="is never broken"):
        declared(pidfile=str(tmp_path / "pid")).find()


def test_it_answers_where_something_listens(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert declared(match="x", answers=address).answering()
        listening.close()
    assert not declared(match="x", answers=address).answering()
    assert not declared(match="x", answers=f"http://{address}/ready").answering()
    assert declared(match="x").answering()


def test_a_process_that_is_gone_says_nothing() -> None:
    assert says(4_000_000) == ""
    assert "python" in says(os.getpid())
    assert psutil.Process().name() in says(os.getpid())
