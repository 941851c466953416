"""The open model inside Locust's own extension points.

Users do not decide when to act; they take arrivals that became due. So a slow answer delays no
arrival, it only lets them wait, and that wait is charged to the platform (no coordinated omission).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, cast

from gevent.event import AsyncResult  # type: ignore[import-untyped]  # gevent ships no types
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
        self._idle: list[AsyncResult[Arrival]] = []

    @property
    def idle(self) -> int:
        """How many users wait for an arrival."""
        return len(self._idle)

    def give(self, arrival: Arrival) -> None:
        """An arrival is due."""
        if self._idle:
            self._idle.pop().set(arrival)
        else:
            self._backlog.append(arrival)

    def take(self) -> Arrival:
        """The next arrival; blocks the calling user until there is one."""
        if self._backlog:
            return self._backlog.popleft()
        turn: AsyncResult[Arrival] = AsyncResult()
        self._idle.append(turn)
        return cast("Arrival", turn.get())


class Charging:
    """Stands in for the request event of one client: charges latency from the intended start.

    Locust's own statistics, CSV and HTML become honest with it, as they receive the same number.
    """

    def __init__(self, event: EventHook, account: Account) -> None:
        self._event = event
        self._account = account

    def fire(self, **meta: Any) -> None:
        """Account for one answered request, then tell Locust."""
        request: Request = meta["context"].pop(_REQUEST)
        service = (meta["response_time"] or 0.0) / 1000
        latency = self._account.answered(request, _status(meta), service)
        known = {**meta, "response_time": latency * 1000}
        self._event.fire(**known)  # type: ignore[no-untyped-call]  # as Locust has it


class OpenModel(User):
    """Mixed in before a journey: its users take arrivals from a pool instead of pacing themselves.

    A user belongs to one arrival at a time, from which all requests of the journey follow.
    """

    abstract = True
    pool: ClassVar[Pool]
    account: ClassVar[Account]
    _arrival: Arrival

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        client = cast("Any", self).client
        client.request_event = Charging(environment.events.request, self.account)

    def on_start(self) -> None:
        """Wait for the first arrival, so that the first task runs when it is due."""
        super().on_start()
        self._arrival = self.pool.take()

    def wait_time(self) -> float:
        """Wait for the next arrival; after it there is nothing to wait for."""
        self.account.left(self._arrival)
        self._arrival = self.pool.take()
        return 0.0

    def context(self) -> dict[str, Any]:
        """Called by Locust as each request is sent."""
        return {**super().context(), _REQUEST: self.account.sent(self._arrival)}


def open_model(journey: type[User], pool: Pool, account: Account, users: int) -> type[User]:
    """``journey`` as a Locust user class of ``users`` users that take arrivals from ``pool``."""
    fields = {"pool": pool, "account": account, "fixed_count": users}
    # Locust tells user classes apart by name only, and two files may use the same one.
    name = f"{journey.__name__}:{journey.__module__}"
    return type(name, (OpenModel, journey), fields)


def _status(meta: dict[str, Any]) -> int:
    """The HTTP status, or a transport failure when the journey could not use a good answer."""
    status = int(getattr(meta["response"], "status_code", None) or TRANSPORT_FAILURE)
    refused = meta["exception"] is not None and status < 400  # noqa: PLR2004 - HTTP's own border
    return TRANSPORT_FAILURE if refused else status
