"""A file with proxies, read at the start."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import GUARD, start


def test_the_proxies_of_a_file_are_there_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "proxies.json"
    listed = [
        {"name": "a", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"},
        {"name": "b", "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9", "enabled": False},
    ]
    file.write_text(json.dumps(listed))
    server = start("--config", str(file))
    found = server.client.get("/proxies").json()
    assert {name: proxy["enabled"] for name, proxy in found.items()} == {"a": True, "b": False}
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory. Name a file that can be read."),
        ("", "EOF. It takes a list such as"),
        ('{"name": "a"}', "json: cannot unmarshal object into Go value"),
        ('[{"name": "a"}]', "missing required field: upstream at proxy 1. It takes"),
        ('[{"name": "a", "upstream": "x:1", "listen": "127.0.0.1:PORT"}]', "already in use"),
    ],
)
def test_a_wrong_file_is_one_clear_line_and_exit_2(
    tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "proxies.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        if content is not None:
            file.write_text(content.replace("PORT", str(taken.getsockname()[1])))
        command = [sys.executable, "-m", "codeblue.proxy", "--port", "0", "--config", str(file)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=GUARD, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {file}: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
