"""The audit trail: who did what to whom, when, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_platform.audit.event import NOWHERE, Event
from reference_platform.database.connection import Connection

if TYPE_CHECKING:
    from reference_platform.decisions import Decisions

__all__ = ["NOWHERE", "Event", "record"]


async def record(connection: Connection, decisions: Decisions, event: Event) -> None:
    """Add `event` to the trail in the transaction that does what it tells of.

    For whatever is not asked through the gateway: feeds, queues, periodic work. Call it last, for
    it makes other writers of this tenant's trail wait until the transaction ends.
    """
    await decisions.audit_complete.within(connection, decisions.audit_tamper_evident, event)
