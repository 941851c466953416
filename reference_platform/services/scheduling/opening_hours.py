"""Opening hours: a slot is offered when its hospital is open, by the hospital's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

from reference_platform.contract.cds import Booking
from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call, Handler
from reference_platform.services.configuration import ConfigurationFeed
from reference_platform.services.inner import Stored

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class OpenHours:
    """Looks at slots before they are offered."""

    def __init__(self, inner: Stored, feed: ConfigurationFeed) -> None:
        self._workflows = inner.decisions.configurable_workflows
        self._feed = feed

    def during(self, offer: Handler) -> Handler:
        """`offer`, or Refusal 422 for a slot outside of the tenant's hours."""

        async def handle(call: Call) -> Response:
            booking = self._workflows.workflow(call.tenant, self._feed.value).booking
            slot = call.json()
            if booking.hours and not is_open(booking, slot["start"], slot["end"]):
                sentence = "Slot.start: outside of the opening hours. Choose another time."
                raise Refusal(422, sentence, code="business-rule")
            return await offer(call)

        return handle


def is_open(booking: Booking, start: str, end: str) -> bool:
    """Whether one opening on one day holds the whole slot (FHIR instants)."""
    zone = ZoneInfo(booking.timezone)
    first, last = (datetime.fromisoformat(each).astimezone(zone) for each in (start, end))
    if first.date() != last.date() or last < first:
        return False
    times = [each.strftime("%H:%M") for each in (first, last)]
    return any(
        hours.opens <= times[0] and times[1] <= hours.closes
        for hours in booking.hours
        if hours.day == _DAYS[first.weekday()]
    )
