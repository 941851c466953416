from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.errors import JournalError
from codeblue.journal import Journal, RunDirectory, Tail, read_events

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), JSON, max_size=4)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "test")


@settings(max_examples=40)  # every event waits for the disk
@given(events=st.lists(FIELDS, max_size=5), torn=st.binary(max_size=30))
def test_what_was_written_is_read_whatever_a_crash_left_behind(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, object]], torn: bytes
) -> None:
    run = RunDirectory.create(tmp_path_factory.mktemp("journal"), "test")
    for fields in events:
        Journal(run).event("something", **{"kind_" + k: v for k, v in fields.items()})
    with run.events.open("ab") as file:
        file.write(b'{"kind": "torn' + torn.replace(b"\n", b""))
    read = [
        {k.removeprefix("kind_"): v for k, v in event.items() if k not in ("at", "kind")}
        for event in read_events(run.path)
    ]
    assert read == events


def test_an_event_survives_kill_9_right_after_it_was_written(run: RunDirectory) -> None:
    code = (
        "import os, sys; from pathlib import Path; from codeblue.journal import *\n"
        "Journal(RunDirectory(Path(sys.argv[1]))).event('last', n=1); os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(run.path)], check=False)
    assert ended.returncode == -9
    assert [event["n"] for event in read_events(run.path)] == [1]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_one_sentence(run: RunDirectory) -> None:
    run.events.symlink_to("/dev/full")
    with pytest.raises(JournalError, match=r"No space left on device.*Free some space"):
        Journal(run).event("anything")


def test_following_a_journal_waits_for_whole_lines(run: RunDirectory) -> None:
    tail = Tail(run)
    assert tail.new() == []
    Journal(run).event("one")
    with run.events.open("ab") as file:
        file.write(b'{"kind": "tw')
        file.flush()
        assert [event["kind"] for event in tail.new()] == ["one"]
        file.write(b'o"}\n')
    assert [event["kind"] for event in tail.new()] == ["two"]
    assert tail.new() == []
