"""The watch that guards keep while the faults of an experiment are in place.

Every guard is asked in a thread of its own, so that one that hangs blinds no other. One more
thread waits for the first breach. A guard that raises, or that has not answered for three of its
intervals, is blind: nobody can say any more whether the experiment does harm, so that is a breach
as well.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from codeblue.chaos.guards import Asking, Breach, Guard

_BLIND_AFTER = 3
_LOOKS_PER_INTERVAL = 4
# The first answer comes late: modules are imported and connections are opened for it.
_FIRST_ANSWER_SECONDS = 5.0


@dataclass
class _Post:
    """One guard, and when it was last heard of (seconds, monotonic)."""

    guard: Guard
    heard: float = field(default_factory=time.monotonic)

    @property
    def patience(self) -> float:
        return _BLIND_AFTER * self.guard.every

    def silent(self) -> Breach | None:
        """A breach when it has not answered for too long."""
        silence = time.monotonic() - self.heard
        if silence <= self.patience:
            return None
        return Breach(self.guard.name, f"no answer for {silence:.1f} s", blind=True)


class Watch:
    """Asks ``guards`` until it is ended or one is breached, and then calls ``alarm``, once."""

    def __init__(
        self, guards: Sequence[Guard], asking: Asking, alarm: Callable[[Breach], None]
    ) -> None:
        self._guards = guards
        self._asking = asking
        self._alarm = alarm
        self._posts: list[_Post] = []
        self._breaches: list[Breach] = []
        self._news = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="watch", daemon=True)

    def look(self) -> Breach | None:
        """Ask every guard once, at the same time, before anything is broken."""
        found: dict[str, Breach | None] = {}

        def ask(guard: Guard) -> None:
            found[guard.name] = self._asking.ask(guard)

        threads = [threading.Thread(target=ask, args=[each], daemon=True) for each in self._guards]
        for thread in threads:
            thread.start()
        for guard, thread in zip(self._guards, threads, strict=True):
            patience = max(_FIRST_ANSWER_SECONDS, _BLIND_AFTER * guard.every)
            thread.join(patience)
            if thread.is_alive():
                return Breach(guard.name, f"no answer for {patience:g} s", blind=True)
        return next((breach for breach in found.values() if breach is not None), None)

    def start(self) -> None:
        """Keep watch from now on."""
        if not self._guards:
            return
        self._posts = [_Post(guard) for guard in self._guards]
        for post in self._posts:
            threading.Thread(
                target=self._stand, args=[post], name=f"guard {post.guard.name}", daemon=True
            ).start()
        self._thread.start()

    def end(self) -> None:
        """No breach counts any more; an alarm that was raised already goes on."""
        self._ended.set()
        self._news.set()

    def join(self) -> None:
        """Wait until an alarm that was raised is dealt with."""
        if self._thread.is_alive():
            self._thread.join()

    def _stand(self, post: _Post) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            breach = self._asking.ask(post.guard)
            post.heard = time.monotonic()
            if breach is not None:
                self._breaches.append(breach)
                self._news.set()
                return
            self._ended.wait(max(0.0, began + post.guard.every - post.heard))

    def _keep(self) -> None:
        glance = min(post.guard.every for post in self._posts) / _LOOKS_PER_INTERVAL
        while not self._ended.is_set():
            self._news.wait(glance)
            breach = self._first()
            if breach is not None and not self._ended.is_set():
                self._alarm(breach)
                return

    def _first(self) -> Breach | None:
        if self._breaches:
            return self._breaches[0]
        silent = (post.silent() for post in self._posts)
        return next((breach for breach in silent if breach is not None), None)
