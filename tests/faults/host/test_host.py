"""CPU, memory and disk of this machine: taken within bounds, and given back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from codeblue.errors import UsageError
from codeblue.faults import Ground, make
from codeblue.faults.fault import Fault
from codeblue.faults.ground import new_owner
from codeblue.faults.host import available_memory
from codeblue.faults.host.available_memory import available_mib

CORES = len(os.sched_getaffinity(0))


def ground(folder: Path | None = None) -> Ground:
    return Ground(new_owner(), folder=str(folder) if folder else None)


def fault(type: str, tmp_path: Path, **arguments: Any) -> Fault:  # noqa: A002
    return make(type, str(tmp_path) if type == "disk" else "host", **arguments)


SHARES = pytest.mark.parametrize(
    ("type", "share"),
    [("cpu", {"percent": 20}), ("memory", {"megabytes": 20}), ("disk", {"megabytes": 20})],
)


@SHARES
def test_it_is_there_from_injecting_to_healing(
    type: str,  # noqa: A002
    share: dict[str, int],
    tmp_path: Path,
) -> None:
    broken, here = fault(type, tmp_path, **share, seconds=20), ground()
    trace = broken.prepare(here)
    pid, _ = trace["hog"]
    assert psutil.Process(pid).children() == []
    broken.inject(here, trace)
    assert not broken.healed(here, trace)
    for _ in range(2):
        broken.heal(here, trace)
        assert broken.healed(here, trace)
    assert not psutil.pid_exists(pid)


@SHARES
def test_one_that_was_only_prepared_heals(
    type: str,  # noqa: A002
    share: dict[str, int],
    tmp_path: Path,
) -> None:
    broken, here = fault(type, tmp_path, **share), ground()
    trace = broken.prepare(here)
    broken.heal(here, trace)
    assert broken.healed(here, trace)


@pytest.mark.parametrize(
    ("type", "share", "sentence"),
    [
        ("cpu", {"cores": CORES + 1}, f"cores is {CORES + 1}. Give 1 to {CORES},"),
        ("cpu", {"percent": 101}, "percent is 101. Give 1 to 100"),
        ("cpu", {"seconds": 901}, "seconds is 901. Give 1 to 900"),
        ("memory", {"megabytes": 10**8}, "half of the"),
        ("memory", {"megabytes": 0}, "megabytes is 0"),
        ("memory", {"seconds": 0}, "seconds is 0"),
        ("disk", {"megabytes": 10**8}, "have to stay free"),
        ("disk", {"seconds": 0}, "seconds is 0"),
    ],
)
def test_more_than_its_cap_is_refused_before_anything_starts(
    type: str,  # noqa: A002
    share: dict[str, int],
    sentence: str,
    tmp_path: Path,
) -> None:
    before = psutil.Process().children()
    with pytest.raises(UsageError, match=sentence):
        fault(type, tmp_path, **share).prepare(ground())
    assert psutil.Process().children() == before


# Fills a small file system of its own to the end, in a mount namespace that nobody else sees.
FILLING = """
import errno, subprocess, sys
from pathlib import Path
from codeblue.faults import Ground, make
folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=50m", "none", folder], check=True)
here = Ground("codeblue-test")

def write():
    try:
        (folder / "file").write_bytes(b"x" * 1_000_000)
        return "written"
    except OSError as error:
        return errno.errorcode[error.errno]

fault = make("disk", str(folder), megabytes=50)
trace = fault.prepare(here)
said = [write()]
(folder / "file").unlink()
fault.inject(here, trace)
said.append(write())
fault.heal(here, trace)
said.append(write())
print(*said, fault.healed(here, trace))
"""


@pytest.mark.slow
def test_a_small_disk_is_filled_to_its_end_and_is_free_again(tmp_path: Path) -> None:
    allowed = shutil.which("unshare") and subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, check=False
    )
    if not allowed or allowed.returncode:
        pytest.skip("a file system of the test's own needs the right to unshare mounts")
    command = ["unshare", "--mount", sys.executable, "-c", FILLING, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "written ENOSPC written True\n", done.stderr


def test_a_folder_that_is_not_absolute_lies_in_the_runs_own(tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    broken, here = make("disk", "platform", megabytes=1), ground(tmp_path)
    trace = broken.prepare(here)
    broken.inject(here, trace)
    broken.heal(here, trace)
    with pytest.raises(UsageError, match="absent is no folder"):
        make("disk", "absent", megabytes=1).prepare(here)


def test_only_this_machine_is_ever_a_place() -> None:
    for type_ in ("cpu", "memory"):
        with pytest.raises(UsageError, match='"db-7" is another machine'):
            make(type_, "db-7").prepare(ground())


def test_a_group_with_a_limit_has_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pod = tmp_path / "pod"
    (pod / "app").mkdir(parents=True)
    limits = {"memory.max": "104857600", "memory.current": "83886080"}
    for name, text in (limits | {"memory.stat": "anon 1\ninactive_file 41943040\n"}).items():
        (pod / name).write_text(text)
    (pod / "app" / "memory.max").write_text("max")
    membership = tmp_path / "membership"
    membership.write_text("0::/pod/app\n")
    monkeypatch.setattr(available_memory, "_MEMBERSHIP", membership)
    monkeypatch.setattr(available_memory, "_ROOT", tmp_path)
    assert available_memory.available_mib() == 60  # 100 less 80, and 40 that nobody uses
    with pytest.raises(UsageError, match="Give 1 to 30: half of the 60 MiB"):
        make("memory", "host", megabytes=31).prepare(ground())


def test_the_memory_that_is_available_is_at_most_the_machines() -> None:
    assert 0 < available_mib() <= psutil.virtual_memory().total // 2**20
