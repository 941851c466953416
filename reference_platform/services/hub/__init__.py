"""hub: the partners' side; insurer and FHIR partner by HTTP, legacy EHR by MLLP, ADT feed in."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.hub.eligibility import Eligibility
from reference_platform.services.hub.feed import Feed
from reference_platform.services.hub.intake import Intake
from reference_platform.services.hub.lab_requests import LabRequests
from reference_platform.services.hub.legacy_ehr import LegacyEhr
from reference_platform.services.hub.quarantine import Quarantine
from reference_platform.services.hub.transfers import Transfers
from reference_platform.services.hub.visits import Visits
from reference_platform.services.inner import Stored
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the hub; its lifespan also serves the ADT feed on `mllp_port`."""
    inner = Stored("hub", settings, profile)
    adapters = inner.decisions.adapter_hub.adapters(settings)
    insurer, partner = inner.downstream("insurer"), inner.downstream("fhir_partner")
    intake = Intake(inner, adapters)
    inner.holds(Feed(inner, intake).listening())
    inner.route("/v1/eligibility", POST=Eligibility(inner, insurer, adapters).ask)
    laboratory = LabRequests(inner, LegacyEhr(inner, adapters.laboratory))
    inner.route("/v1/lab-requests", POST=laboratory.send)
    inner.route("/v1/lab-requests/{id}/cancellation", POST=laboratory.cancel)
    inner.route("/v1/transfers", POST=Transfers(inner, partner).send)
    visits = Visits(inner)
    inner.route("/v1/visits/{visit}", GET=visits.read)
    inner.route("/v1/visits/{visit}/events", GET=visits.events)
    quarantine = Quarantine(inner, intake)
    inner.route("/v1/quarantine", GET=quarantine.show)
    inner.route("/v1/quarantine/{id}", GET=quarantine.read)
    inner.route("/v1/quarantine/{id}/replay", POST=quarantine.replay)
    return inner.application()
