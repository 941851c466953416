"""The API in front of inputs that nobody thought of, derived from its own contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import fresh_patient
from codeblue.fuzz import fuzz
from codeblue.session import Session

# Fuzzing leaves odd records behind: in a tenant that most other checks do not look at, and about
# patients of its own, for it deletes some of them where it can.
TENANT = "lakeside"
PATIENTS = 5
# What would change the platform for everybody, such as the clock of tests.
SPARED = (
    "POST /v1/clock",
    "POST /v1/releases",
    "POST /v1/releases/rollback",
    "POST /v1/retention-runs",
    "POST /v1/billing-runs",
    "POST /v1/auth/service-keys/{service}/revocations",
    "PUT /v1/configuration/booking",
    "PUT /v1/configuration/codes",
    "PUT /v1/configuration/news2",
    "PUT /v1/configuration/triage",
)
SECONDS = 8
SHOWN = 10
# What an input did. Answers that differ from the contract are listed, and not held against the
# check of inputs: they differ also where a release was made under the clients' feet.
JUDGED = ("server error", "authentication ignored")


@pytest.mark.check(
    id="api-fuzz",
    risk="data quality",
    examines=["schema_validation"],
    title="No input makes the API fall over",
)
def test_no_input_makes_the_api_fall_over(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Every operation of the OpenAPI document, with valid, invalid and boundary input."""
    with check.control():
        caller = client(TENANT)
        patients = [fresh_patient(caller) for _ in range(PATIENTS)]
        for patient in patients:
            answer = caller.get(f"{platform.target.fhir}/Patient/{patient}")
            assert answer.is_success, f"a valid request was answered with {answer.status_code}"

    with check.stressor():
        result = fuzz(platform, tenant=TENANT, seconds=SECONDS, patients=patients, spared=SPARED)

    judged = [finding for finding in result.findings if finding.kind in JUDGED]
    if not judged and not result.conclusive:
        check.inconclusive(
            f"none of {result.requests} requests with credentials was accepted, "
            "so nothing behind the credentials was fuzzed"
        )
    kinds = Counter(finding.kind for finding in result.findings)
    found = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())) or "no finding"
    check.judge(
        broke=bool(judged),
        measured=f"{found} in {result.requests} requests to {result.operations} operations",
        threshold="0 server errors, 0 ignored credentials",
        evidence={
            "operations": result.operations,
            "operations_with_2xx": result.operations_with_2xx,
            "unanswered": result.unanswered,
            "findings": [asdict(finding) for finding in judged[:SHOWN]],
            "against the contract": [
                asdict(finding) for finding in result.findings if finding not in judged
            ][:SHOWN],
        },
    )
