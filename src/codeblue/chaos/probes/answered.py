"""The probe for guards: is this path still answered, asked with one request at a time."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from codeblue.chaos import baseline
from codeblue.chaos.burst import Request, Workload
from codeblue.chaos.probes import measure
from codeblue.session import Session, attach
from codeblue.target.duration import seconds

# Requests are filled in this many at a time: looking up the patients reads the whole journal.
_BATCH = 50


class _Asker:
    """Sends the next request of a workload, and remembers how the last ones ended."""

    def __init__(self, session: Session, workload: Workload, last: int, within: float) -> None:
        self._session = session
        self._workload = workload
        self._ends: deque[bool] = deque(maxlen=last)
        self._requests = self._without_end()
        headers = session.headers(workload.of(session), workload.role)
        self._client = httpx.Client(
            base_url=session.base_url, headers=headers, timeout=within, trust_env=False
        )

    def ask(self) -> dict[str, Any]:
        request, began = next(self._requests), time.monotonic()
        try:
            answer = self._client.request(request.method, request.path, json=request.body)
            status, ended = answer.status_code, str(answer.status_code)
        except httpx.TransportError as error:
            status, ended = 0, f"no answer ({type(error).__name__})"
        self._ends.append(httpx.codes.is_success(status))
        share = sum(self._ends) / len(self._ends)
        return {
            "answered": round(share, 4),
            "status": status,
            "seconds": round(time.monotonic() - began, 3),
            "measured": f"{sum(self._ends)} of the last {len(self._ends)} requests were answered, "
            f"{request.method} {request.path}: {ended}",
        }

    def _without_end(self) -> Iterator[Request]:
        while True:
            yield from self._workload.take(self._session, _BATCH)


def answered(
    requests: Sequence[Mapping[str, Any]],
    last: int = 10,
    within: str | float = "400ms",
    tenant: str = "",
    role: str = "clinician",
) -> dict[str, Any]:
    """Send the next of ``requests``; say which share of the ``last`` ones ended 2xx in time.

    ``{answered, status, seconds, measured}``; ``answered`` is 0 to 1, ``status`` 0 without an
    answer ``within`` that time. A platform that does not answer is a finding here, no error.
    ``within`` has to be shorter than three intervals of the guard, or the guard looks blind.
    """
    key = measure.name("answered", requests, last, within, tenant, role)
    asker = baseline.recall(key)
    if asker is None:
        asker = _Asker(attach(), Workload(requests, tenant, role), last, seconds(within))
        baseline.remember(key, asker)
    found: dict[str, Any] = asker.ask()
    return found
