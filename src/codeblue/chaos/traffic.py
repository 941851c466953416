"""Background load: requests by arrival rate, from before the control until after the recovery.

A fault does something else to a platform that rests than to one that works. These arrivals do not
wait for one another, whatever becomes of them, and nobody judges the platform by them: what a
check measures has requests of its own.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from codeblue.chaos.burst import Request, Workload, send_one
from codeblue.errors import UsageError, did_you_mean
from codeblue.session import Session

_KEYS = ("requests", "rate", "tenant", "role")
_RATES = (0.1, 200.0)  # per second: less is no load, more is for `codeblue load`
_PATIENCE = 5.0  # seconds that an arrival waits for its answer
_PREPARED = 60.0  # seconds of arrivals that are made ahead; then the same ones come again
_LAST_ANSWERS = 0.5  # seconds that the last arrivals get at the end

_running: list[Traffic] = []


class Traffic:
    """Arrivals in a thread of their own; they begin at once and go on until ``end``."""

    def __init__(self, session: Session, workload: Workload, rate: float) -> None:
        self._session, self._workload, self._rate = session, workload, rate
        self._requests = workload.take(session, max(1, round(rate * _PREPARED)))
        self._ended = threading.Event()
        self._statuses: Counter[str] = Counter()
        self._thread = threading.Thread(target=self._work, name="background load", daemon=True)
        self._thread.start()

    def end(self) -> dict[str, Any]:
        """Stop it: ``{rate, sent, ok, statuses, measured}``. Requests still open were not ok."""
        self._ended.set()
        self._thread.join()
        sent, good = sum(self._statuses.values()), self._statuses["ok"]
        return {
            "rate": self._rate,
            "sent": sent,
            "ok": good,
            "statuses": dict(self._statuses),
            "measured": f"background load: {good} of {sent} requests succeeded, "
            f"{self._rate:g} arrivals per second",
        }

    def _work(self) -> None:
        asyncio.run(self._arrive())

    async def _arrive(self) -> None:
        headers = self._session.headers(self._workload.of(self._session), self._workload.role)
        tasks: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(
            base_url=self._session.base_url,
            headers=headers,
            timeout=_PATIENCE,
            limits=httpx.Limits(max_connections=None),
            trust_env=False,
        ) as client:
            loop = asyncio.get_running_loop()
            began = loop.time()
            for number, request in enumerate(itertools.cycle(self._requests)):
                await self._until(began + number / self._rate)
                if self._ended.is_set():
                    break
                task = asyncio.create_task(self._one(client, request))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            await self._last(tasks)

    async def _until(self, due: float) -> None:
        """Sleep until ``due``, in short steps: another thread ends the load, and waits for it."""
        loop = asyncio.get_running_loop()
        while not self._ended.is_set() and (left := due - loop.time()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, 0.1))

    async def _one(self, client: httpx.AsyncClient, request: Request) -> None:
        word = "open at the end"
        try:
            answer = await send_one(client, request, 0.0, _PATIENCE)
            word = "ok" if answer.ok else "hung" if answer.hung else str(answer.status)
        finally:
            self._statuses[word] += 1

    @staticmethod
    async def _last(tasks: set[asyncio.Task[None]]) -> None:
        open_ones = list(tasks)
        if open_ones:
            _, late = await asyncio.wait(open_ones, timeout=_LAST_ANSWERS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def begin(experiment: Mapping[str, Any], session: Session | None) -> None:
    """Start the load that ``experiment`` asks for under ``load`` of its codeblue extension.

    Without a ``session`` there is no platform to put it on, and nothing happens.

    Raises:
        UsageError: an unknown key, or a rate or requests that cannot be sent.
    """
    end()
    ours = [e for e in experiment.get("extensions") or [] if e.get("name") == "codeblue"]
    wanted = ours[0].get("load") if ours else None
    if wanted and session is not None:
        workload, rate = checked(wanted)
        _running.append(Traffic(session, workload, rate))


def end() -> dict[str, Any] | None:
    """Stop the load of this process, if there is one, and say what became of it."""
    return _running.pop().end() if _running else None


def checked(load: Mapping[str, Any]) -> tuple[Workload, float]:
    """The workload and the rate of a ``load`` entry.

    Raises:
        UsageError: an unknown key, no requests, or a rate that is none.
    """
    for key in load:
        if key not in _KEYS:
            raise UsageError(f'load: unknown key "{key}". {did_you_mean(key, _KEYS)}')
    requests, rate = load.get("requests"), load.get("rate")
    if not isinstance(requests, Sequence) or isinstance(requests, str) or not requests:
        raise UsageError("load: it has no requests. List at least one, with a path.")
    least, most = _RATES
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not least <= rate <= most:
        raise UsageError(
            f"load: the rate is {rate!r}. Give arrivals per second, {least:g} to {most:g}; "
            "`codeblue load` puts on more."
        )
    who = {key: str(load[key]) for key in ("tenant", "role") if key in load}
    return Workload(requests, **who), float(rate)
