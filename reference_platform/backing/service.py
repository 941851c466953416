"""What the platform asks of a server that it stands on, be it embedded or somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reference_platform.processes import Process, stop_all

GRACE = 0.7
"""Seconds that an embedded server gets to end before it is killed."""


class BackingError(Exception):
    """A backing service cannot be started here; the sentence says what is missing."""


class BackingService(Protocol):
    """A database or a cache: three things to do with it, and where it is."""

    @property
    def url(self) -> str:
        """Its address with credentials, as its client library reads it."""

    @property
    def alive(self) -> bool:
        """Whether its process runs; always true when it is not ours."""

    @property
    def process(self) -> Process | None:
        """The child to supervise, or None when the server is not ours."""

    def start(self) -> None:
        """Begin to start; returns before it is ready.

        Raises:
            BackingError: it cannot run on this machine.
        """

    def ready(self) -> bool:
        """Whether it takes connections."""

    def stop(self) -> None:
        """End it and remove what it kept."""


class External:
    """A server that somebody else runs, known by its URL only."""

    process: Process | None = None
    alive = True

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        """Nothing to start."""

    def ready(self) -> bool:
        """Taken on trust: the first connection says more than a probe would."""
        return True

    def stop(self) -> None:
        """Nothing of ours to end."""


def stop_processes(services: Sequence[BackingService]) -> None:
    """End the processes of `services` together, then let each one clean up."""
    stop_all([service.process for service in services if service.process], GRACE)
    for service in services:
        service.stop()
