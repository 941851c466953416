"""What partners are asked and have told: done by the hub."""

from __future__ import annotations

from reference_platform.contract import exchanges, hub
from reference_platform.services.gateway.operations.operation import Operation

_ADMINISTRATORS = ("administrator",)

HUB: list[Operation] = [
    Operation(
        "askEligibility", "Is this member insured", "POST", "/v1/eligibility", "hub",
        exchanges.Eligibility, body=exchanges.EligibilityRequest, refusals=(404, 502),
        resource="Coverage", interaction="r",
    ),
    Operation(
        "requestLab", "Request a laboratory test", "POST", "/v1/lab-requests", "hub",
        exchanges.LabAcknowledgement, 201, body=exchanges.LabRequest, refusals=(404, 409, 502),
        idempotency_key=True,
        resource="ServiceRequest", interaction="c", priority="clinical",
    ),
    Operation(
        "cancelLab", "Cancel a laboratory request, by its id or the key of its request", "POST",
        "/v1/lab-requests/{id}/cancellation", "hub", hub.LabCancellation, refusals=(404, 502),
        resource="ServiceRequest", interaction="u", priority="clinical",
    ),
    Operation(
        "transferPatient", "Send a patient's record to the FHIR partner", "POST", "/v1/transfers",
        "hub", hub.Transfer, 201, body=hub.TransferRequest, refusals=(404, 502),
        resource="Patient", interaction="r", roles=("clinician", "system"), idempotency_key=True,
    ),
    Operation(
        "readVisit", "A hospital visit", "GET", "/v1/visits/{visit}", "hub", exchanges.Visit,
        refusals=(404, 502),
        resource="Encounter", interaction="r",
    ),
    Operation(
        "listVisitEvents", "What the feed has told of a visit", "GET",
        "/v1/visits/{visit}/events", "hub", hub.VisitEvents, refusals=(404, 502),
        resource="Encounter", interaction="r",
    ),
    Operation(
        "listQuarantine", "Messages that could not be applied", "GET", "/v1/quarantine", "hub",
        hub.Quarantined, query=hub.QuarantineFilter, refusals=(502,), roles=_ADMINISTRATORS,
    ),
    Operation(
        "readQuarantined", "A message that could not be applied", "GET", "/v1/quarantine/{id}",
        "hub", hub.QuarantinedMessage, refusals=(404, 502), roles=_ADMINISTRATORS,
    ),
    Operation(
        "replayQuarantined", "Apply a held message, repaired or as it came", "POST",
        "/v1/quarantine/{id}/replay", "hub", hub.QuarantinedSummary, body=hub.Replay,
        refusals=(404, 409, 502), roles=_ADMINISTRATORS,
    ),
]  # fmt: skip
