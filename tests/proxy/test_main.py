"""The command: where it listens, what it says when it cannot, how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from .conftest import GUARD, start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero(number: signal.Signals) -> None:
    server = start()
    assert server.client.get("/version").status_code == 200
    server.process.send_signal(number)
    assert server.process.wait(GUARD) == 0


def test_a_taken_port_is_one_clear_line_and_exit_2() -> None:
    server = start()
    command = [sys.executable, "-m", "codeblue.proxy", "--port", str(server.port)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=GUARD, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"error: 127.0.0.1:{server.port}: address already in use. Stop what listens there, or "
        "choose another --port (0 takes a free one).\n"
    )
    server.stop()


def test_an_unknown_host_is_one_clear_line_and_exit_2() -> None:
    command = [sys.executable, "-m", "codeblue.proxy", "--host", "nosuchhost.invalid"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=GUARD, check=False)
    assert result.returncode == 2
    assert "nosuchhost.invalid" in result.stderr
    assert result.stderr.count("\n") == 1
