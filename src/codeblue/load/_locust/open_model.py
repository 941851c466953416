"""The open model inside Locust's own extension points.

Users do not decide when to act; they take arrivals that became due. So a slow answer delays no
arrival, it only lets them wait, and that wait is charged to the platform (no coordinated omission).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, cast

import gevent  # type: ignore[import-untyped]  # gevent ships no types
from gevent.hub import Waiter  # type: ignore[import-untyped]  # ditto
from locust.user.users import User

from codeblue.journal import TRANSPORT_FAILURE
from codeblue.load._locust.account import Account, Arrival, Request

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.event import EventHook

_REQUEST = "codeblue_request"


class Pool:
    """Hands due arrivals to idle users; the user idle for the shortest time comes first.

    So connections stay warm, and a light load does not rotate through connections that the
    platform closes as idle. Without an idle user, arrivals queue up; none is refused.
    """

    def __init__(self) -> None:
        self._backlog: deque[Arrival] = deque()
        self._idle: list[Waiter] = []

    @property
    def idle(self) -> int:
        """How many users wait for an arrival."""
        return len(self._idle)

    def give(self, arrival: Arrival) -> None:
        """An arrival is due. Called in the hub: an idle user acts before this returns."""
        if self._idle:
            self._idle.pop().switch(arrival)
        else:
            self._backlog.append(arrival)

    def take(self) -> Arrival:
        """The next arrival; blocks the calling user until there is one."""
        if self._backlog:
            return self._backlog.popleft()
        turn = Waiter()
        self._idle.append(turn)
        return cast("Arrival", turn.get())


class Charging:
    """Stands in for the request event of one client: charges latency from the intended start.

    Locust's own statistics, CSV and HTML become honest with it, as they receive the same number.
    """

    def __init__(self, event: EventHook, user: OpenModel) -> None:
        self._event = event
        self._user = user

    def fire(self, **meta: Any) -> None:
        """Account for one answered request, then tell Locust."""
        request: Request = meta["context"].pop(_REQUEST)
        service = (meta["response_time"] or 0.0) / 1000
        latency = self._user.account.answered(
            request, meta["request_type"], meta["name"], _status(meta), service
        )
        meta["response_time"] = latency * 1000
        self._event.fire(**meta)  # type: ignore[no-untyped-call]  # as Locust has it


class OpenModel(User):
    """Mixed in before a journey: its users take arrivals from a pool instead of pacing themselves.

    ``pool`` and ``account`` are set on the class before the load begins.
    """

    abstract = True
    pool: ClassVar[Pool]
    account: ClassVar[Account]

    _arrival: Arrival

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        for value in list(vars(self).values()):
            if hasattr(value, "request_event"):
                value.request_event = Charging(environment.events.request, self)

    def on_start(self) -> None:
        """Wait for the first arrival, so that the first task runs when it is due."""
        super().on_start()
        # Locust sleeps after every wait_time(), for 0 s too, which costs a turn of the event loop.
        cast("Any", self)._taskset_instance._sleep = _sleep
        self._arrival = self.pool.take()

    def wait_time(self) -> float:
        """Wait for the next arrival; after it there is nothing to wait for."""
        self.account.left(self._arrival)
        self._arrival = self.pool.take()
        return 0.0

    def context(self) -> dict[str, Any]:
        """Called by Locust as each request is sent."""
        context = super().context()
        context[_REQUEST] = self.account.sent(self._arrival)
        return context

    def raised(self) -> None:
        """The journey raised; the arrival it was for cannot go on."""
        self.account.raised(self._arrival)


def open_model(journey: type[User], name: str, users: int, tenant: str | None) -> type[OpenModel]:
    """``journey`` as a Locust user class called ``name``: ``users`` users who act for ``tenant``.

    Locust tells user classes apart by name only, and two files may use the same one.
    """
    fields = {"pool": Pool(), "fixed_count": users, "only_tenant": tenant or ""}
    return cast("type[OpenModel]", type(name, (OpenModel, journey), fields))


def _sleep(seconds: float) -> None:
    if seconds > 0:
        gevent.sleep(seconds)


def _status(meta: dict[str, Any]) -> int:
    """The status; a transport failure when the journey could not use the answer.

    A protocol without a status has none to show, so its answer is good unless there was an error.
    """
    status = int(getattr(meta["response"], "status_code", 200) or TRANSPORT_FAILURE)
    refused = meta["exception"] is not None and status < 400  # noqa: PLR2004 - HTTP's own border
    return TRANSPORT_FAILURE if refused else status
