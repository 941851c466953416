"""Switch 3, "Legacy integrations behave unpredictably": what one bad message does to a feed.

Without it a message that cannot be read ends the feed that brought it: it is kept nowhere, nobody
is told why, and the admissions behind it are missing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

import asyncpg
import structlog

from reference_platform import mllp
from reference_platform.dialects import Code, Problem

UNAVAILABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What says that the database is not there; the message may be as good as any."""

_log = structlog.get_logger("reference_platform")


class QuarantineDlq(Protocol):
    """Messages of a feed that cannot be applied, and peers that do not behave."""

    limits: mllp.Limits

    async def guard(
        self,
        apply: Callable[[], Awaitable[None]],
        hold: Callable[[Problem], Awaitable[None]],
    ) -> Problem | None:
        """Apply a message; the problem for which it was held instead, if it was.

        Raises one of `UNAVAILABLE` when it can be neither applied nor held.
        """
        ...


class Pilot:
    """Messages are good; one that is not raises, and its connection ends there."""

    limits = mllp.UNLIMITED

    async def guard(
        self,
        apply: Callable[[], Awaitable[None]],
        hold: Callable[[Problem], Awaitable[None]],  # noqa: ARG002
    ) -> Problem | None:
        """Apply it, whatever comes of it."""
        await apply()
        return None


class Production:
    """A bad message is held with its reason, and the feed goes on."""

    limits = mllp.Limits(idle=300.0, frame=10.0, connections=128)

    async def guard(
        self,
        apply: Callable[[], Awaitable[None]],
        hold: Callable[[Problem], Awaitable[None]],
    ) -> Problem | None:
        """Apply it, or hold it."""
        try:
            await apply()
        except Problem as found:
            problem = found
        except asyncpg.DataError:
            problem = Problem("MSH", Code.DATA_TYPE, "a value that cannot be stored")
        except UNAVAILABLE:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the message is not lost
            _log.warning("message failed", error=type(error).__name__)
            problem = Problem("MSH", Code.INTERNAL, "the message cannot be processed")
        else:
            return None
        await hold(problem)
        return problem
