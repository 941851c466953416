"""scheduling: slots, and who has them."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.configuration import ConfigurationFeed, from_database
from reference_platform.services.inner import Stored
from reference_platform.services.scheduling.appointments import Appointments
from reference_platform.services.scheduling.opening_hours import OpenHours
from reference_platform.services.scheduling.slots import Slots
from reference_platform.services.scheduling.views import appointment_view, slot_view
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the scheduling service."""
    inner = Stored("scheduling", settings, profile)
    slots, appointments = Slots(inner), Appointments(inner)
    feed = ConfigurationFeed(from_database(inner.database))
    inner.holds(feed)
    opening = OpenHours(inner, feed)
    inner.route("/v1/slots", GET=slots.search, POST=opening.during(slots.offer))
    inner.route("/v1/appointments", GET=appointments.of_slot, POST=appointments.book)
    fhir_slots, fhir_appointments = slot_view(inner), appointment_view(inner)
    inner.route("/v1/fhir/Slot", GET=fhir_slots.search)
    inner.route("/v1/fhir/Slot/{id}", GET=fhir_slots.read)
    inner.route(
        "/v1/fhir/Appointment", GET=fhir_appointments.search, POST=appointments.book_resource
    )
    inner.route("/v1/fhir/Appointment/{id}", GET=fhir_appointments.read)
    return inner.application()
