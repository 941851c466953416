"""The public API as a table: what is asked of the gateway, and which service does it."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from reference_platform.contract import bundles, exchanges, resources

_ALWAYS = (400, 401, 503, 504)
_WITH_BODY = (413, 415, 422)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    `refusals` are statuses besides those that every operation may answer; `service` is None for
    what the gateway answers itself.
    """

    id: str
    summary: str
    method: str
    path: str
    service: str | None
    answer: type[BaseModel]
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    refusals: tuple[int, ...] = ()
    created: bool = False
    versioned: bool = False
    if_match: bool = False
    idempotency_key: bool = False

    @property
    def statuses(self) -> list[int]:
        """Every status other than success, in order."""
        body = _WITH_BODY if self.body else ()
        return sorted({*_ALWAYS, *body, *self.refusals})


def _resource(kind: str, model: type[resources.Resource]) -> list[Operation]:
    path, item = f"/v1/fhir/{kind}", f"/v1/fhir/{kind}/{{id}}"
    search = exchanges.PatientSearch if kind == "Patient" else exchanges.CompartmentSearch
    return [
        Operation(
            f"create{kind}", f"Create a {kind}", "POST", path, "records", model, 201, body=model,
            refusals=(404, 502), created=True, versioned=True,
        ),
        Operation(
            f"search{kind}", f"Search {kind}", "GET", path, "records",
            bundles.SearchSet[model], query=search, refusals=(502,),  # type: ignore[valid-type]
        ),
        Operation(
            f"read{kind}", f"Read a {kind}", "GET", item, "records", model,
            refusals=(404, 502), versioned=True,
        ),
        Operation(
            f"update{kind}", f"Update a {kind}", "PUT", item, "records", model, body=model,
            refusals=(404, 412, 428, 502), versioned=True, if_match=True,
        ),
    ]  # fmt: skip


_OWN = [
    Operation(
        "capabilities", "What this server can do", "GET", "/v1/fhir/metadata", None,
        exchanges.CapabilityStatement,
    ),
    Operation(
        "transaction", "Create several resources, all or none", "POST", "/v1/fhir", "records",
        bundles.TransactionResponse, body=bundles.Transaction, refusals=(404, 502),
    ),
    Operation(
        "readChart", "A patient at a glance", "GET", "/v1/patients/{id}/chart", "records",
        exchanges.Chart, refusals=(404, 502),
    ),
    Operation(
        "readAllergies", "A patient's allergy list", "GET", "/v1/patients/{id}/allergies",
        "records", exchanges.AllergyList, refusals=(404, 502),
    ),
    Operation(
        "appendAllergy", "Add to a patient's allergy list", "POST",
        "/v1/patients/{id}/allergies", "records", exchanges.AllergyList, 201,
        body=exchanges.AllergyRequest, refusals=(404, 502),
    ),
    Operation(
        "placeOrder", "Order for a patient", "POST", "/v1/orders", "records", exchanges.Order, 201,
        body=exchanges.OrderRequest, refusals=(404, 502), idempotency_key=True,
    ),
    Operation(
        "listOrders", "A patient's orders", "GET", "/v1/orders", "records", exchanges.Orders,
        query=exchanges.OfPatient, refusals=(502,),
    ),
    Operation(
        "offerSlot", "Offer a slot", "POST", "/v1/slots", "scheduling", exchanges.Slot, 201,
        body=exchanges.SlotRequest, refusals=(502,),
    ),
    Operation(
        "listSlots", "Slots", "GET", "/v1/slots", "scheduling", exchanges.Slots,
        query=exchanges.SlotFilter, refusals=(502,),
    ),
    Operation(
        "bookAppointment", "Book a slot", "POST", "/v1/appointments", "scheduling",
        exchanges.Appointment, 201, body=exchanges.AppointmentRequest, refusals=(404, 409, 502),
        idempotency_key=True,
    ),
    Operation(
        "listAppointments", "The appointments of a slot", "GET", "/v1/appointments", "scheduling",
        exchanges.Appointments, query=exchanges.OfSlot, refusals=(502,),
    ),
    Operation(
        "askEligibility", "Is this member insured", "POST", "/v1/eligibility", "hub",
        exchanges.Eligibility, body=exchanges.EligibilityRequest, refusals=(404, 502),
    ),
    Operation(
        "requestLab", "Request a laboratory test", "POST", "/v1/lab-requests", "hub",
        exchanges.LabAcknowledgement, 201, body=exchanges.LabRequest, refusals=(404, 502),
    ),
    Operation(
        "readVisit", "A hospital visit", "GET", "/v1/visits/{visit}", "hub", exchanges.Visit,
        refusals=(404, 502),
    ),
]  # fmt: skip

OPERATIONS: list[Operation] = [
    *_OWN,
    *(one for kind, model in resources.RESOURCES.items() for one in _resource(kind, model)),
]
CHART = next(operation for operation in OPERATIONS if operation.id == "readChart")
CAPABILITIES = next(operation for operation in OPERATIONS if operation.id == "capabilities")
