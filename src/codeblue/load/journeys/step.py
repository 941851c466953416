"""One step in the history of an object, from before its request until its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from codeblue.load.ledger import Operation

History = Literal["slot", "list"]
Action = Literal["book", "cancel", "append", "read"]
Outcome = Literal["ok", "refused", "unknown"]


class Step:
    """An operation that is going on; what is not settled at its end has an unknown outcome.

    ``invoked`` is when it began, in seconds since the epoch.
    """

    __slots__ = ("_about", "_action", "_record", "_settled", "_value", "invoked")

    def __init__(
        self,
        record: Callable[[Operation], None],
        history: History,
        thing: str,
        action: Action,
        value: Any,
    ) -> None:
        self._record = record
        self._about = history, thing
        self._action = action
        self._value = value
        self._settled = False

    def __enter__(self) -> Self:
        self.invoked = time.time()
        return self

    def settle(self, status: int, value: Any = None) -> None:
        """Settle by an HTTP status; ``value`` is what was read.

        2xx is done, 4xx is refused for certain; anything else may have happened all the same.
        """
        if 200 <= status < 300:  # noqa: PLR2004 - HTTP's classes
            self._value = self._value if value is None else value
            self._end(time.time(), "ok")
        elif 400 <= status < 500:  # noqa: PLR2004 - ditto
            self._end(time.time(), "refused")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._settled:
            self._end(None, "unknown")

    def _end(self, completed: float | None, outcome: Outcome) -> None:
        self._settled = True
        if self._action == "read" and outcome != "ok":
            return  # what was not read tells nothing
        about = *self._about, self._action, self._value
        self._record(Operation(*about, self.invoked, completed, outcome))
