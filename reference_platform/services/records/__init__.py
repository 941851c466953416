"""records: FHIR resources, charts, allergy lists and orders, on PostgreSQL."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.contract.resources import RESOURCES
from reference_platform.profiles import Profile
from reference_platform.services.configuration import ConfigurationFeed, from_database
from reference_platform.services.inner import Stored
from reference_platform.services.records.alerts import Alerts
from reference_platform.services.records.allergies import AllergyLists
from reference_platform.services.records.assessments import Assessments
from reference_platform.services.records.audit import AuditTrail
from reference_platform.services.records.chart import Charts
from reference_platform.services.records.configuration import (
    PlatformConfigurations,
    TenantConfigurations,
)
from reference_platform.services.records.consents import Consents
from reference_platform.services.records.history import Histories
from reference_platform.services.records.orders import Orders
from reference_platform.services.records.provenance import Provenances
from reference_platform.services.records.resources import ResourceStore
from reference_platform.services.records.revocations import Revocations
from reference_platform.services.records.search import Searches
from reference_platform.services.records.transaction import Transactions
from reference_platform.services.records.vitals import LatestVitals
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the records service."""
    inner = Stored("records", settings, profile)
    orders, charts = Orders(inner), Charts(inner)
    allergies = AllergyLists(inner)
    for kind in RESOURCES:
        store, searches = ResourceStore(inner, kind), Searches(inner, kind)
        histories, item = Histories(inner, kind), f"/v1/fhir/{kind}/{{id}}"
        inner.route(f"/v1/fhir/{kind}", GET=searches.search, POST=store.create)
        inner.route(item, GET=store.read, PUT=store.update, DELETE=store.delete)
        inner.route(f"{item}/_history", GET=histories.list)
        inner.route(f"{item}/_history/{{version}}", GET=histories.read)
    provenances = Provenances(inner)
    inner.route("/v1/fhir/Provenance", GET=provenances.search)
    inner.route("/v1/fhir/Provenance/{id}", GET=provenances.read)
    inner.route("/v1/fhir", POST=Transactions(inner).commit)
    inner.route("/v1/patients/{id}/chart", GET=charts.read)
    inner.route("/v1/patients/{id}/allergies", GET=allergies.read, POST=allergies.append)
    inner.route("/v1/orders", GET=orders.of_patient, POST=orders.place)
    _serve_cds(inner)
    _serve_configuration(inner)
    alerts, revocations = Alerts(inner), Revocations(inner)
    inner.route("/v1/alerts", GET=alerts.newest)
    inner.route("/internal/alerts", POST=alerts.add)
    inner.route("/internal/consents", GET=Consents(inner).of_patients)
    inner.route("/internal/revocations", GET=revocations.read, POST=revocations.add)
    trail = AuditTrail(inner)
    inner.holds(trail.signing())
    inner.route("/internal/audit-events", POST=trail.receive)
    inner.route("/v1/fhir/AuditEvent", GET=trail.search)
    inner.route("/v1/fhir/AuditEvent/{id}", GET=trail.read)
    inner.route("/v1/audit/verification", GET=trail.verify)
    return inner.application()


def _serve_cds(inner: Stored) -> None:
    assessments = Assessments(inner)
    inner.route("/internal/patients/{id}/vitals", GET=LatestVitals(inner).read)
    inner.route(
        "/internal/patients/{id}/assessments",
        GET=assessments.of_patient,
        POST=assessments.append,
    )
    inner.route("/internal/assessments/migration", POST=assessments.migrate)


def _serve_configuration(inner: Stored) -> None:
    feed = ConfigurationFeed(from_database(inner.database))
    inner.holds(feed)
    tenants, platform = TenantConfigurations(inner, feed), PlatformConfigurations(inner)
    inner.route("/v1/configuration/{name}", GET=tenants.read, PUT=tenants.replace)
    inner.route("/internal/configurations", GET=platform.all)
    inner.route("/internal/configurations/{name}", PUT=platform.put)
