"""A lease on the fault proxy: while its holder lives, its faults may stay."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Self

from codeblue.errors import CodeblueError
from codeblue.faults.edge.proxy_api import ProxyApi
from codeblue.faults.ground import new_owner

HEARTBEAT_SECONDS = 0.4
ANSWER_SECONDS = 1.0


class Lease:
    """Renews itself from a daemon thread; when its process dies, the proxy heals what it owns.

    ``seconds`` is how long the proxy waits for a renewal. A real Toxiproxy knows no leases: then
    ``supported`` is False, ``explanation`` says what that means, and nothing else happens.
    """

    def __init__(self, proxy_url: str, owner: str | None = None, seconds: float = 1.5) -> None:
        self.owner = owner or new_owner()
        self.seconds = seconds
        self.supported = False
        self._proxy = ProxyApi(proxy_url, ANSWER_SECONDS)
        self._done = threading.Event()
        self._heartbeat = threading.Thread(target=self._beat, name="lease", daemon=True)

    def __enter__(self) -> Self:
        self.supported = self._renew()
        if self.supported:
            self._heartbeat.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.supported:
            self._done.set()
            self._heartbeat.join()
            with suppress(CodeblueError):  # not renewed any more, it ends by itself
                self._proxy.end_lease(self.owner)

    @property
    def explanation(self) -> str:
        """What happens to the faults if their holder is killed."""
        if self.supported:
            return f"faults of {self.owner} heal {self.seconds} s after their holder falls silent"
        return (
            "this Toxiproxy knows no leases: if the run is killed, the guardian alone heals its "
            "faults"
        )

    def _beat(self) -> None:
        while not self._done.wait(HEARTBEAT_SECONDS):
            with suppress(CodeblueError):  # the next beat tries again
                self._renew()

    def _renew(self) -> bool:
        return self._proxy.renew(self.owner, round(self.seconds * 1000))


@dataclass
class _Shared:
    lease: Lease
    users: int = 0


_shared: dict[tuple[str, str], _Shared] = {}
_sharing = threading.Lock()


@contextmanager
def leased(proxy_url: str, owner: str) -> Iterator[Lease]:
    """The lease of ``owner`` on that proxy: one for all blocks of this process that ask for it.

    The lease ends with the last of them, for its end heals everything that the owner has.
    """
    key = proxy_url, owner
    with _sharing:
        if key not in _shared:
            _shared[key] = _Shared(Lease(proxy_url, owner).__enter__())
        shared = _shared[key]
        shared.users += 1
    try:
        yield shared.lease
    finally:
        with _sharing:
            shared.users -= 1
            if not shared.users:
                _shared.pop(key).lease.__exit__()
