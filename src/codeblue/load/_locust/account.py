"""The account of every request: none is forgotten, whatever becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from codeblue.errors import JournalError
from codeblue.journal import IN_FLIGHT, TRANSPORT_FAILURE, RequestWriter


@dataclass(slots=True, eq=False)
class Arrival:
    """A patient, clinician or clerk who comes at ``due`` (``perf_counter`` seconds)."""

    journey: int
    due: float
    requests: list[Request] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Request:
    """One request that was sent and not yet answered; times in ``perf_counter`` seconds."""

    journey: int
    intended: float
    sent: float


class Account:
    """Counts what was issued and journals what became of it.

    The first request of an arrival is charged from the moment the arrival was due. Later requests
    of the same arrival are charged from when they were sent, because the journey came to them only
    then. So the latencies of one arrival add up to its whole journey, and no wait counts twice.

    ``fail`` is called, once, with the reason when the journal cannot be written any more.
    """

    def __init__(self, writer: RequestWriter, journeys: int, fail: Callable[[str], None]) -> None:
        self.issued = [0] * journeys
        self._writer = writer
        self._fail = fail
        self._waiting: set[Arrival] = set()
        self._unanswered: set[Request] = set()
        self._open = True
        self._epoch = time.time() - time.perf_counter()

    def arrived(self, arrival: Arrival) -> None:
        """``arrival`` is due now; its first request is issued by that."""
        self.issued[arrival.journey] += 1
        self._waiting.add(arrival)

    def sent(self, arrival: Arrival) -> Request:
        """A user sends the next request of ``arrival``."""
        now = time.perf_counter()
        if arrival in self._waiting:
            self._waiting.remove(arrival)
            request = Request(arrival.journey, arrival.due, now)
        else:
            self.issued[arrival.journey] += 1
            request = Request(arrival.journey, now, now)
        arrival.requests.append(request)
        self._unanswered.add(request)
        return request

    def left(self, arrival: Arrival) -> None:
        """A user is done with ``arrival``.

        If it sent nothing, its request counts as dropped. If the journey raised before it judged an
        answer, it could not use that answer, which is a failure.
        """
        self._waiting.discard(arrival)
        for request in arrival.requests:
            if request in self._unanswered:
                service = time.perf_counter() - request.sent
                self.answered(request, TRANSPORT_FAILURE, service)

    def answered(self, request: Request, status: int, service: float) -> float:
        """``request`` took ``service`` seconds once sent; returns its latency in seconds."""
        latency = request.sent - request.intended + service
        if request in self._unanswered:
            self._unanswered.remove(request)
            self._record(request.journey, request.intended, latency, service, status)
        return latency

    def flush(self) -> None:
        """Put what was recorded on disk."""
        try:
            if self._open:
                self._writer.flush()
        except JournalError as error:
            self._give_up(error)

    def close(self) -> None:
        """Record all that is unanswered as in flight, with its age, and close the journal."""
        now = time.perf_counter()
        for arrival in self._waiting:
            self._record(arrival.journey, arrival.due, now - arrival.due, 0.0, IN_FLIGHT)
        for request in self._unanswered:
            age, service = now - request.intended, now - request.sent
            self._record(request.journey, request.intended, age, service, IN_FLIGHT)
        self._unanswered.clear()
        self.flush()
        self._open = False

    def _record(
        self, journey: int, intended: float, latency: float, service: float, status: int
    ) -> None:
        try:
            if self._open:
                self._writer.add(self._epoch + intended, latency, service, journey, status)
        except JournalError as error:
            self._give_up(error)

    def _give_up(self, error: JournalError) -> None:
        self._open = False
        self._fail(str(error))
