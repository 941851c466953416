"""What passes over an edge, as the fault proxy counts it: how often somebody is asked, unseen."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import httpx

from codeblue.errors import CodeblueError
from codeblue.faults import ProxyApi

ANSWER_SECONDS = 5.0


@dataclass(frozen=True)
class Passage:
    """Connections accepted, and bytes handed on to the upstream and to its clients."""

    accepted: int
    bytes_up: int
    bytes_down: int

    def __sub__(self, earlier: Passage) -> Passage:
        """What has passed since ``earlier``."""
        now, then = astuple(self), astuple(earlier)
        return Passage(*(n - t for n, t in zip(now, then, strict=True)))


def passed(proxy_url: str, edge: str) -> Passage:
    """What has passed over ``edge`` since the proxy was started, live connections included.

    Raises:
        UsageError: the proxy has no such edge.
        CodeblueError: it does not answer, or, as the original Toxiproxy, counts nothing.
    """
    ProxyApi(proxy_url).edge(edge)
    where = f"{proxy_url}/proxies/{edge}/counters"
    try:
        answer = httpx.get(where, timeout=ANSWER_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        raise CodeblueError(f"{where}: no answer ({type(error).__name__}).") from error
    if not answer.is_success:
        raise CodeblueError(
            f"{where}: answered {answer.status_code}. Use the proxy that comes with codeblue; "
            "the original Toxiproxy does not count what passes."
        )
    counted = answer.json()
    return Passage(counted["accepted"], counted["bytes_up"], counted["bytes_down"])
