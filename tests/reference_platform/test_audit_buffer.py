from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from reference_platform.audit.buffer import BATCH, Buffer
from reference_platform.outcomes import Refusal

from .test_audit_chain import event


class Sink:
    """A trail that can be down."""

    def __init__(self) -> None:
        self.down = False
        self.calls = 0
        self.status: dict[str, int] = {}

    async def take(self, batch: bytes) -> None:
        self.calls += 1
        if self.down:
            raise OSError("down")
        for told in orjson.loads(batch):
            assert told["id"] not in self.status
            self.status[told["id"]] = told["status"]


async def eventually(condition: Callable[[], object]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def test_everything_arrives_once_though_the_sink_is_down_for_a_while(tmp_path: Path) -> None:
    async def run() -> None:
        sink, total = Sink(), 2 * BATCH + 7
        async with Buffer(tmp_path, "gateway", sink.take) as buffer:
            sink.down = True
            for number in range(total):
                buffer.begin(event(number))
                if number % 100 == 0:
                    await asyncio.sleep(0.03)
                buffer.end(event(number))
            await eventually(lambda: sink.calls >= 2)
            assert not sink.status
            sink.down = False
            await eventually(lambda: len(sink.status) == total)
        assert set(sink.status.values()) == {200}

    asyncio.run(run())
    assert not any(file.stat().st_size for file in tmp_path.iterdir())


def test_a_request_under_way_is_told_once_and_when_it_has_ended(tmp_path: Path) -> None:
    async def run() -> None:
        sink = Sink()
        async with Buffer(tmp_path, "gateway", sink.take) as buffer:
            sink.down = True
            buffer.begin(replace(event(1), status=0))
            buffer.end(event(2))
            await eventually(lambda: sink.calls >= 2)
            buffer.end(event(1))
            sink.down = False
            await eventually(lambda: len(sink.status) == 2)
        assert sink.status == {"e1": 200, "e2": 200}

    asyncio.run(run())


def die_in_the_middle(folder: Path) -> None:
    async def run() -> None:
        sink = Sink()
        sink.down = True
        async with Buffer(folder, "gateway", sink.take) as buffer:
            buffer.begin(replace(event(1), status=0))
            buffer.end(event(2))
            await asyncio.sleep(0.5)
            buffer.begin(event(3))
            buffer.end(event(3))
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(run())


def test_what_a_killed_process_left_is_shipped_by_the_next_one(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        die_in_the_middle(tmp_path)
    os.waitpid(child, 0)

    async def run() -> None:
        sink = Sink()
        async with Buffer(tmp_path, "gateway", sink.take):
            await eventually(lambda: len(sink.status) == 3)
        # 1 had begun, and nobody knows how it ended.
        assert sink.status == {"e1": 0, "e2": 200, "e3": 200}

    asyncio.run(run())


def test_files_of_the_living_are_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "replica-1.jsonl").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(b"E" + event(1).canonical() + b"\n")
        file.flush()

        async def run() -> None:
            sink = Sink()
            async with Buffer(tmp_path, "gateway", sink.take) as buffer:
                buffer.end(event(2))
                await eventually(lambda: sink.status)
            assert sink.status == {"e2": 200}

        asyncio.run(run())


def fill_the_disk(folder: Path) -> None:
    """Let every descriptor of a file in `folder` say that there is no room."""
    full = os.open("/dev/full", os.O_WRONLY)
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(link.readlink()).startswith(str(folder)):
                os.dup2(full, int(link.name))
    os.close(full)


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_without_room_for_the_record_nothing_is_done(tmp_path: Path) -> None:
    async def run() -> None:
        async with Buffer(tmp_path, "gateway", Sink().take) as buffer:
            fill_the_disk(tmp_path)
            with pytest.raises(Refusal) as refused:
                buffer.begin(event(1))
            with pytest.raises(Refusal):
                buffer.end(event(1))
        assert refused.value.status == 503

    asyncio.run(run())
