from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from codeblue.guardian import Guardian
from codeblue.guardian.ending import discard, end

_HOLDER = (
    "import subprocess, sys, time; from pathlib import Path\n"
    "from codeblue.guardian import Guardian\n"
    "g = Guardian(); p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "g.watch(p); g.discard(Path(sys.argv[1])); print(p.pid, flush=True); time.sleep(60)\n"
)


def gone(process: psutil.Process, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_process_that_will_not_end_is_killed_with_its_children() -> None:
    code = "import time, signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True)\n"
    nested = (
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {code!r}"
        " + 'time.sleep(60)'])\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", nested + code + "time.sleep(60)"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    root = psutil.Process(process.pid)
    family = [root, *root.children(recursive=True)]
    assert len(family) == 2
    end([root])
    process.wait()
    assert all(gone(member, 2) for member in family)


@pytest.mark.slow
def test_kill_9_of_the_holder_ends_what_it_started(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    child = psutil.Process(int(holder.stdout.readline()))
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert gone(child, 2)
    deadline = time.monotonic() + 2
    while (tmp_path / "data").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not (tmp_path / "data").exists()


def test_release_ends_everything_and_the_guardian(tmp_path: Path) -> None:
    guardian = Guardian()
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    guardian.watch(child)
    guardian.release()
    assert child.returncode == -signal.SIGTERM


def test_logs_are_kept_when_the_rest_is_discarded(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "file").touch()
    discard(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    discard(tmp_path / "nowhere")
