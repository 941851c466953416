"""Asking again when a platform is busy: overload is for other checks, and proves nothing here."""

from __future__ import annotations

import time

import httpx

UNAVAILABLE = frozenset({429, 502, 503, 504})
"""Answers that say nothing about the request itself."""


def send_patiently(
    client: httpx.Client, request: httpx.Request, tries: int = 3, pause: float = 0.2
) -> httpx.Response:
    """Send ``request``, again after ``pause`` seconds while the answer is that it cannot be served.

    The last answer is returned whatever it is. A request that is not answered is not sent again.
    """
    for _ in range(tries - 1):
        answer = client.send(request)
        if answer.status_code not in UNAVAILABLE:
            return answer
        time.sleep(pause)
    return client.send(request)
