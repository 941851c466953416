"""The action that asks the platform itself for something: a release, a new configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos.burst import Workload
from codeblue.errors import CodeblueError
from codeblue.session import attach

_PATIENCE = 10.0
_DONE = (200, 201, 202, 204)


def send(
    requests: Sequence[Mapping[str, Any]],
    expect: Sequence[int] = _DONE,
    tenant: str = "",
    role: str = "administrator",
) -> dict[str, Any]:
    """Send ``requests`` one after the other: ``{statuses, measured}``.

    Raises:
        CodeblueError: one was not answered with a status that is expected; the others after it
            were not sent.
    """
    session, workload = attach(), Workload(requests, tenant, role)
    statuses: list[int] = []
    for request in workload.take(session, len(requests)):
        (answer,) = workload.send_these(session, [request], _PATIENCE, 0.0)
        statuses.append(answer.status)
        if answer.status not in expect:
            found = f"status {answer.status}" if answer.status else "no answer"
            raise CodeblueError(
                f"{request.method} {request.path}: {found} instead of {_listed(expect)}. "
                "Look whether the platform was left in another state than this step expects."
            )
    return {"statuses": statuses, "measured": f"answered {_listed(statuses)}"}


def _listed(statuses: Sequence[int]) -> str:
    return ", ".join(map(str, statuses))
