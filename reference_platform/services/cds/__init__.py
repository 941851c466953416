"""cds: clinical decision support, the NEWS2 early warning score, in versions."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.cds.delivery import Delivery
from reference_platform.services.cds.releases import Releases
from reference_platform.services.cds.scores import Scores
from reference_platform.services.configuration import ConfigurationFeed, from_records
from reference_platform.services.inner import Inner
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the cds service."""
    inner = Inner("cds", settings, profile)
    records = inner.downstream("records")
    feed = ConfigurationFeed(from_records(records))
    inner.holds(feed)
    releases = Releases(feed, records, inner.decisions)
    delivery = Delivery(inner, records, releases)
    scores = Scores(inner, records, feed, releases)
    inner.route("/v1/patients/{id}/news2", GET=delivery.serving(scores.of_patient))
    inner.route("/v1/patients/{id}/assessments", GET=delivery.serving(scores.stored))
    inner.route("/v1/news2", POST=delivery.serving(scores.of_vitals))
    inner.route("/v1/triage", POST=delivery.serving(scores.triage))
    inner.route("/v1/releases", GET=delivery.list, POST=delivery.begin)
    inner.route("/v1/releases/rollback", POST=delivery.roll_back)
    return inner.application()
