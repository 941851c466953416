"""Letters, referrals and billing runs: done by the worker, after the answer."""

from __future__ import annotations

from reference_platform.contract import work
from reference_platform.services.gateway.operations.operation import Operation

WORKER: list[Operation] = [
    Operation(
        "discharge", "Send a discharge letter", "POST", "/v1/discharges", "worker", work.Letter,
        202, body=work.DischargeRequest, refusals=(404, 502), created=True, idempotency_key=True,
        resource="Encounter", interaction="u",
    ),
    Operation(
        "readLetter", "How far a letter is", "GET", "/v1/letters/{id}", "worker", work.Letter,
        refusals=(404, 502), resource="Encounter", interaction="r",
    ),
    Operation(
        "refer", "Refer a patient to a specialist", "POST", "/v1/referrals", "worker",
        work.Referral, 202, body=work.ReferralRequest, refusals=(404, 409, 502), created=True,
        idempotency_key=True, resource="ServiceRequest", interaction="c",
        besides=(("Appointment", "c"),),
    ),
    Operation(
        "readReferral", "How far a referral is", "GET", "/v1/referrals/{id}", "worker",
        work.Referral, refusals=(404, 502), resource="ServiceRequest", interaction="r",
    ),
    Operation(
        "bill", "Bill all open accounts", "POST", "/v1/billing-runs", "worker", work.BillingRun,
        202, refusals=(502,), priority="bulk", created=True, roles=("administrator",),
    ),
    Operation(
        "readBillingRun", "How far a billing run is", "GET", "/v1/billing-runs/{id}", "worker",
        work.BillingRun, refusals=(404, 502), priority="bulk", roles=("administrator",),
    ),
]  # fmt: skip
