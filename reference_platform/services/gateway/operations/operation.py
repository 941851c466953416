"""One method of one path, as a row of the table of operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

Priority = Literal["clinical", "routine", "bulk"]
"""Who goes first when not all can: bedside work, the desk, exports and batches."""
_ALWAYS = (400, 401, 403, 406, 429, 503, 504)
_WITH_BODY = (413, 415, 422)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `refusals` are statuses besides those that every operation may answer; `service` is None for
    what the gateway answers itself. `resource` and `interaction` say what a SMART scope must grant
    ("Patient" and "c", "r", "u", "d" or "s"); without a resource the role alone decides.
    """

    id: str
    summary: str
    method: str
    path: str
    service: str | None
    answer: type[BaseModel]
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    refusals: tuple[int, ...] = ()
    resource: str | None = None
    interaction: str = ""
    priority: Priority = "routine"
    public: bool = False
    created: bool = False
    versioned: bool = False
    if_match: bool = False
    idempotency_key: bool = False

    @property
    def statuses(self) -> list[int]:
        """Every status other than success, in order."""
        body = _WITH_BODY if self.body else ()
        return sorted({*_ALWAYS, *body, *self.refusals})
