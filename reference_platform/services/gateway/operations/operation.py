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
    ("Patient" and "c", "r", "u", "d" or "s"), `besides` what else, when the answer is made of
    several types; without a resource the role alone decides: `roles` are those that may, and none
    named means any of the staff. A `form` is read by who answers, not by validation.
    """

    id: str
    summary: str
    method: str
    path: str
    service: str | None
    answer: type[BaseModel] | None
    status: int = 200
    body: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    refusals: tuple[int, ...] = ()
    resource: str | None = None
    interaction: str = ""
    besides: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    priority: Priority = "routine"
    public: bool = False
    created: bool = False
    versioned: bool = False
    if_match: bool = False
    if_none_match: bool = False
    if_none_exist: bool = False
    idempotency_key: bool = False

    @property
    def statuses(self) -> list[int]:
        """Every status other than success, in order."""
        body = _WITH_BODY if self.body else _WITH_BODY[:2] if self.form else ()
        return sorted({*_ALWAYS, *body, *self.refusals})

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """The resource types and letters of `cruds` that scopes must grant, all of them."""
        own = ((self.resource, self.interaction),) if self.resource else ()
        return (*own, *self.besides)
