"""Plays deliveries at the time of their events, whether or not the platform keeps up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import numpy as np

from codeblue.patients.dirt import Label
from codeblue.patients.replay.channel import Channel
from codeblue.patients.replay.delivery import Delivery

_AHEAD = 256  # deliveries that are written while others are played
_WAITING = 64  # deliveries that wait in a lane before the player waits too

Lane = asyncio.Queue[tuple[float, Delivery] | None]
Ended = Literal["complete", "limit", "interrupted", "out of time"]


@dataclass
class Summary:
    """What a replay did: ``answers`` counts outcomes by the name of the channel.

    ``late_ms`` has one entry for each delivery that a channel sent: how long after the time of
    its event. ``unsent`` were due, but still waiting when the replay ended. ``labels`` are the
    truth about what was sent, each of them once.
    """

    deliveries: int = 0
    unsent: int = 0
    seconds: float = 0.0
    ended: Ended = "complete"
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    late_ms: list[float] = field(default_factory=list)
    labels: dict[Label, None] = field(default_factory=dict)

    def lateness(self) -> dict[str, float]:
        """The median, the 99th percentile and the maximum, in milliseconds."""
        if not self.late_ms:
            return {"p50": 0.0, "p99": 0.0, "max": 0.0}
        p50, p99, most = np.quantile(self.late_ms, (0.5, 0.99, 1.0)).round(1).tolist()
        return {"p50": p50, "p99": p99, "max": most}


class Player:
    """Plays deliveries ``speed`` times as fast as they happened.

    It ends after ``limit`` deliveries, and at the latest after ``seconds``. Each channel gets
    ``lanes``; all deliveries about a person go through the same one, so their order stands.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        speed: float,
        seconds: float,
        lanes: int = 4,
        limit: int | None = None,
    ) -> None:
        self._channels = channels
        self._speed = speed
        self._seconds = seconds
        self._limit = limit
        self._lanes: list[list[Lane]] = [
            [asyncio.Queue(_WAITING) for _ in range(lanes)] for _ in channels
        ]
        self._stopped = asyncio.Event()
        self._summary = Summary(answers={channel.name: Counter() for channel in channels})

    def stop(self, why: Ended = "interrupted") -> None:
        """End early: what is under way is finished, what waits is dropped."""
        if not self._stopped.is_set():
            self._summary.ended = why
            self._stopped.set()

    async def play(self, deliveries: Iterable[Delivery]) -> Summary:
        """Play all of them, or until ``stop``; the clock starts when the first is ready.

        Raises:
            TargetError: nobody is at the other end of a channel.
        """
        for channel in self._channels:
            await channel.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                for channel, lanes in zip(self._channels, self._lanes, strict=True):
                    for number, lane in enumerate(lanes):
                        tasks.create_task(self._carry(channel, number, lane))
                await self._dispatch(deliveries)
        finally:
            for channel in self._channels:
                await channel.close()
        return self._summary

    async def _dispatch(self, deliveries: Iterable[Delivery]) -> None:
        """Put each delivery into its lane when it is due."""
        clock, summary = asyncio.get_running_loop(), self._summary
        async with aclosing(_ahead(deliveries)) as coming:
            start = clock.time()
            async for delivery in coming:
                if not summary.deliveries:
                    start = clock.time()
                    clock.call_later(self._seconds, self.stop, "out of time")
                due = start + delivery.event.after / self._speed
                if await self._stopped_before(due):
                    break
                if summary.deliveries == self._limit:
                    summary.ended = "limit"
                    break
                summary.deliveries += 1
                await self._put(due, delivery)
        await self._end_lanes()
        summary.seconds = clock.time() - start

    async def _stopped_before(self, due: float) -> bool:
        wait = due - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(wait, 0.0)):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def _put(self, due: float, delivery: Delivery) -> None:
        for channel, lanes in zip(self._channels, self._lanes, strict=True):
            if delivery.message if channel.standard == "hl7v2" else delivery.resources:
                await lanes[delivery.event.person % len(lanes)].put((due, delivery))

    async def _end_lanes(self) -> None:
        for lane in (lane for lanes in self._lanes for lane in lanes):
            await lane.put(None)

    async def _carry(self, channel: Channel, number: int, lane: Lane) -> None:
        """Send what comes into a lane, one after the other."""
        clock, summary = asyncio.get_running_loop(), self._summary
        while (waiting := await lane.get()) is not None:
            due, delivery = waiting
            if self._stopped.is_set():
                summary.unsent += 1
                continue
            summary.late_ms.append(1000 * (clock.time() - due))
            summary.labels.update(dict.fromkeys(delivery.labels))
            summary.answers[channel.name][await channel.send(number, delivery)] += 1


async def _ahead(deliveries: Iterable[Delivery]) -> AsyncGenerator[Delivery, None]:
    """The deliveries, written by another thread while earlier ones are played."""
    source = iter(deliveries)

    async def take() -> list[Delivery]:
        return await asyncio.to_thread(lambda: list(islice(source, _AHEAD)))

    coming = asyncio.create_task(take())
    try:
        while batch := await coming:
            coming = asyncio.create_task(take())
            for delivery in batch:
                yield delivery
    finally:
        await asyncio.wait([coming])
