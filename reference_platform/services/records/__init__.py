"""records: FHIR resources, charts, allergy lists and orders, on PostgreSQL."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.contract.resources import RESOURCES
from reference_platform.profiles import Profile
from reference_platform.services.inner import Stored
from reference_platform.services.records.allergies import AllergyLists
from reference_platform.services.records.chart import Charts
from reference_platform.services.records.orders import Orders
from reference_platform.services.records.resources import ResourceStore
from reference_platform.services.records.search import Searches
from reference_platform.services.records.transaction import Transactions
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the records service."""
    inner = Stored("records", settings, profile)
    orders, charts = Orders(inner), Charts(inner)
    allergies = AllergyLists(inner)
    for kind in RESOURCES:
        store, searches = ResourceStore(inner, kind), Searches(inner, kind)
        inner.route(f"/v1/fhir/{kind}", GET=searches.search, POST=store.create)
        inner.route(f"/v1/fhir/{kind}/{{id}}", GET=store.read, PUT=store.update)
    inner.route("/v1/fhir", POST=Transactions(inner).commit)
    inner.route("/v1/patients/{id}/chart", GET=charts.read)
    inner.route("/v1/patients/{id}/allergies", GET=allergies.read, POST=allergies.append)
    inner.route("/v1/orders", GET=orders.of_patient, POST=orders.place)
    return inner.application()
