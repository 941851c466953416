"""scheduling: slots, and who has them."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.inner import Stored
from reference_platform.services.scheduling.appointments import Appointments
from reference_platform.services.scheduling.slots import Slots
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the scheduling service."""
    inner = Stored("scheduling", settings, profile)
    slots, appointments = Slots(inner), Appointments(inner)
    inner.route("/v1/slots", GET=slots.search, POST=slots.offer)
    inner.route("/v1/appointments", GET=appointments.of_slot, POST=appointments.book)
    return inner.application()
