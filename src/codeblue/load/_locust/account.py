"""The account of every arrival and its requests: none is forgotten, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from codeblue.errors import JournalError
from codeblue.journal import IN_FLIGHT, TRANSPORT_FAILURE, RequestWriter

RAISED = "(raised)"
UNANSWERED = "(unanswered)"
UNSENT = ""

_MOST_KNOWN = 2000


@dataclass(slots=True, eq=False)
class Arrival:
    """A patient, clinician or clerk who comes at ``due``, seconds from the start of the load."""

    stream: int
    due: float
    requests: int = 0
    unanswered: list[Request] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Request:
    """One request of ``arrival``, sent at ``sent``, seconds from the start of the load."""

    arrival: Arrival
    sent: float


class Account:
    """Counts what was issued and journals what became of it.

    Every request is charged from the moment its arrival was due, so the latency of the last one is
    that of the whole journey; its service time is beside it.

    ``start`` is second 0 on this process's ``perf_counter``. ``fail`` is called, once, with the
    reason when the journal cannot be written any more.
    """

    def __init__(
        self,
        writer: RequestWriter,
        streams: Sequence[str],
        start: float,
        fail: Callable[[str], None],
    ) -> None:
        self.issued = [0] * len(streams)
        self._writer = writer
        self._streams = streams
        self._start = start
        self._fail = fail
        self._present: set[Arrival] = set()
        self._names: dict[tuple[int, str, str], int] = {}
        self._open = True

    def arrived(self, arrival: Arrival) -> None:
        """``arrival`` is due now, and issued by that."""
        self.issued[arrival.stream] += 1
        self._present.add(arrival)

    def sent(self, arrival: Arrival) -> Request:
        """A user sends the next request of ``arrival``."""
        request = Request(arrival, perf_counter() - self._start)
        arrival.requests += 1
        arrival.unanswered.append(request)
        return request

    def answered(
        self, request: Request, kind: str, name: str, status: int, service: float
    ) -> float:
        """``request`` took ``service`` seconds once sent; returns its latency in seconds."""
        arrival = request.arrival
        latency = request.sent + service - arrival.due
        if request in arrival.unanswered:
            arrival.unanswered.remove(request)
            self._record(arrival, (arrival.stream, kind, name), latency, service, status)
        return latency

    def raised(self, arrival: Arrival) -> None:
        """The journey of ``arrival`` could not go on; that is its failure, if it sent anything."""
        if arrival.requests:
            age = perf_counter() - self._start - arrival.due
            key = (arrival.stream, "", RAISED)
            self._record(arrival, key, age, 0.0, TRANSPORT_FAILURE)

    def left(self, arrival: Arrival) -> None:
        """A user is done with ``arrival``.

        If the journey raised before it judged an answer, it could not use that answer, which is a
        failure. An arrival that sent nothing has no record, and counts as dropped.
        """
        self._present.discard(arrival)
        for request in list(arrival.unanswered):
            service = perf_counter() - self._start - request.sent
            self.answered(request, "", RAISED, TRANSPORT_FAILURE, service)

    def flush(self) -> None:
        """Put what was recorded on disk."""
        try:
            if self._open:
                self._writer.flush()
        except JournalError as error:
            self._give_up(error)

    def close(self) -> None:
        """Record all who are still there as in flight, with their age, and close the journal."""
        now = perf_counter() - self._start
        for arrival in self._present:
            age = now - arrival.due
            for request in arrival.unanswered:
                key = (arrival.stream, "", UNANSWERED)
                self._record(arrival, key, age, now - request.sent, IN_FLIGHT)
            if not arrival.unanswered:
                self._record(arrival, (arrival.stream, "", UNSENT), age, 0.0, IN_FLIGHT)
        self._present.clear()
        self.flush()
        self._open = False

    def _record(
        self,
        arrival: Arrival,
        key: tuple[int, str, str],
        latency: float,
        service: float,
        status: int,
    ) -> None:
        if not self._open:
            return
        name = self._names.get(key)
        if name is None:
            name = self._name(key)
        try:
            self._writer.add(arrival.due, latency, service, name, status)
        except JournalError as error:
            self._give_up(error)

    def _name(self, key: tuple[int, str, str]) -> int:
        stream, kind, name = key
        number = self._writer.name(self._streams[stream], f"{kind} {name}".strip())
        # A journey that names requests after ids must not grow the table without bound.
        if len(self._names) < _MOST_KNOWN:
            self._names[key] = number
        return number

    def _give_up(self, error: JournalError) -> None:
        self._open = False
        self._fail(str(error))
