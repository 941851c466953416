"""Charts, allergy lists and orders: done by records."""

from __future__ import annotations

from reference_platform.contract import exchanges
from reference_platform.services.gateway.operations.operation import Operation

CHARTS: list[Operation] = [
    Operation(
        "readChart", "A patient at a glance", "GET", "/v1/patients/{id}/chart", "records",
        exchanges.Chart, refusals=(404, 502), resource="Patient", interaction="r",
        besides=(("Observation", "s"), ("AllergyIntolerance", "s")),
        priority="clinical",
    ),
    Operation(
        "readAllergies", "A patient's allergy list", "GET", "/v1/patients/{id}/allergies",
        "records", exchanges.AllergyList, refusals=(404, 502), resource="AllergyIntolerance",
        interaction="r", priority="clinical",
    ),
    Operation(
        "appendAllergy", "Add to a patient's allergy list", "POST",
        "/v1/patients/{id}/allergies", "records", exchanges.AllergyList, 201,
        body=exchanges.AllergyRequest, refusals=(404, 502), resource="AllergyIntolerance",
        interaction="c", priority="clinical",
    ),
    Operation(
        "placeOrder", "Order for a patient", "POST", "/v1/orders", "records", exchanges.Order, 201,
        body=exchanges.OrderRequest, refusals=(404, 502), resource="MedicationRequest",
        interaction="c", priority="clinical", idempotency_key=True,
    ),
    Operation(
        "listOrders", "A patient's orders", "GET", "/v1/orders", "records", exchanges.Orders,
        query=exchanges.OfPatient, refusals=(502,), resource="MedicationRequest", interaction="s",
        priority="clinical",
    ),
]  # fmt: skip
