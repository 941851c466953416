"""FHIR R4 REST (https://hl7.org/fhir/R4/http.html): done by records and, for slots, scheduling."""

from __future__ import annotations

from pydantic import BaseModel

from reference_platform.contract import bundles, exchanges, resources, searches, views
from reference_platform.services.gateway.operations.operation import Operation, Priority

_BEDSIDE = {"Observation", "AllergyIntolerance", "MedicationRequest"}


def _priority(kind: str) -> Priority:
    return "clinical" if kind in _BEDSIDE else "routine"


def _resource(kind: str, model: type[resources.Resource]) -> list[Operation]:
    path, item, priority = f"/v1/fhir/{kind}", f"/v1/fhir/{kind}/{{id}}", _priority(kind)
    return [
        Operation(
            f"create{kind}", f"Create a {kind}", "POST", path, "records", model, 201, body=model,
            refusals=(404, 412, 502), resource=kind, interaction="c", priority=priority,
            created=True, versioned=True, if_none_exist=True,
        ),
        _search(kind, model, searches.SEARCHES[kind], "records"),
        Operation(
            f"read{kind}", f"Read a {kind}", "GET", item, "records", model,
            refusals=(404, 410, 502), resource=kind, interaction="r", priority=priority,
            versioned=True, if_none_match=True,
        ),
        Operation(
            f"update{kind}", f"Update a {kind}", "PUT", item, "records", model, body=model,
            refusals=(404, 410, 412, 428, 502), resource=kind, interaction="u", priority=priority,
            versioned=True, if_match=True,
        ),
        Operation(
            f"delete{kind}", f"Delete a {kind}", "DELETE", item, "records", None, 204,
            refusals=(404, 409, 410, 412, 428, 502), resource=kind, interaction="d",
            priority=priority, if_match=True,
        ),
        Operation(
            f"history{kind}", f"The versions of a {kind}", "GET", f"{item}/_history", "records",
            bundles.History[model], query=searches.HistoryPage,  # type: ignore[valid-type]
            refusals=(404, 502), resource=kind, interaction="r", priority=priority,
        ),
        Operation(
            f"vread{kind}", f"A version of a {kind}", "GET", f"{item}/_history/{{version}}",
            "records", model, refusals=(404, 410, 502), resource=kind, interaction="r",
            priority=priority, versioned=True,
        ),
    ]  # fmt: skip


def _search(kind: str, model: type[BaseModel], query: type[BaseModel], service: str) -> Operation:
    return Operation(
        f"search{kind}", f"Search {kind}", "GET", f"/v1/fhir/{kind}", service,
        bundles.SearchSet[model], query=query, refusals=(502,), resource=kind,  # type: ignore[valid-type]
        interaction="s", priority=_priority(kind),
    )  # fmt: skip


def _read(kind: str, model: type[BaseModel], service: str) -> Operation:
    return Operation(
        f"read{kind}", f"Read a {kind}", "GET", f"/v1/fhir/{kind}/{{id}}", service, model,
        refusals=(404, 502), resource=kind, interaction="r",
    )  # fmt: skip


FHIR: list[Operation] = [
    Operation(
        "capabilities", "What this server can do", "GET", "/v1/fhir/metadata", None,
        exchanges.CapabilityStatement,
    ),
    Operation(
        "transaction", "Create several resources, all or none", "POST", "/v1/fhir", "records",
        bundles.TransactionResponse, body=bundles.Transaction, refusals=(404, 502),
        priority="clinical", roles=("clinician", "nurse", "system"),
    ),
    *(one for kind, model in resources.RESOURCES.items() for one in _resource(kind, model)),
    _search("Provenance", views.Provenance, searches.ProvenanceSearch, "records"),
    _read("Provenance", views.Provenance, "records"),
    _search("Slot", views.SlotResource, searches.SlotSearch, "scheduling"),
    _read("Slot", views.SlotResource, "scheduling"),
    _search("Appointment", views.AppointmentResource, searches.AppointmentSearch, "scheduling"),
    _read("Appointment", views.AppointmentResource, "scheduling"),
    Operation(
        "createAppointment", "Book a Slot", "POST", "/v1/fhir/Appointment", "scheduling",
        views.AppointmentResource, 201, body=views.AppointmentBooking, refusals=(404, 409, 502),
        resource="Appointment", interaction="c", created=True,
    ),
]  # fmt: skip
