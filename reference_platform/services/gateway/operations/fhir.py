"""FHIR R4 REST (https://hl7.org/fhir/R4/http.html): done by records."""

from __future__ import annotations

from reference_platform.contract import bundles, exchanges, resources
from reference_platform.services.gateway.operations.operation import Operation


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


FHIR: list[Operation] = [
    Operation(
        "capabilities", "What this server can do", "GET", "/v1/fhir/metadata", None,
        exchanges.CapabilityStatement,
    ),
    Operation(
        "transaction", "Create several resources, all or none", "POST", "/v1/fhir", "records",
        bundles.TransactionResponse, body=bundles.Transaction, refusals=(404, 502),
    ),
    *(one for kind, model in resources.RESOURCES.items() for one in _resource(kind, model)),
]  # fmt: skip
