"""hub: the partners' side; insurer by HTTP, legacy EHR by MLLP, ADT feed in, visits out."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.hub.eligibility import Eligibility
from reference_platform.services.hub.feed import Feed
from reference_platform.services.hub.lab_requests import LabRequests
from reference_platform.services.hub.visits import Visits
from reference_platform.services.inner import Stored
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the hub; its lifespan also serves the ADT feed on `mllp_port`."""
    inner = Stored("hub", settings, profile)
    insurer = inner.downstream("insurer")
    inner.holds(Feed(inner).listening())
    inner.route("/v1/eligibility", POST=Eligibility(inner, insurer).ask)
    inner.route("/v1/lab-requests", POST=LabRequests(inner).send)
    inner.route("/v1/visits/{visit}", GET=Visits(inner).read)
    return inner.application()
