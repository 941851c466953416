"""What partners are asked and have told: done by the hub."""

from __future__ import annotations

from reference_platform.contract import exchanges
from reference_platform.services.gateway.operations.operation import Operation

HUB: list[Operation] = [
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
