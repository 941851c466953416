"""The API in front of inputs that nobody thought of, derived from its own contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

import httpx
import pytest

from codeblue.checks import Check
from codeblue.fuzz import fuzz
from codeblue.session import Session

# Fuzzing leaves odd records behind; most other checks look at the first tenant.
TENANT = "lakeside"
SECONDS = 8
SHOWN = 10


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
        for patient in platform.patients(TENANT)[:3]:
            answer = caller.get(f"{platform.target.fhir}/Patient/{patient}")
            assert answer.is_success, f"a valid request was answered with {answer.status_code}"

    with check.stressor():
        result = fuzz(platform, tenant=TENANT, seconds=SECONDS)

    if not result.findings and not result.conclusive:
        check.inconclusive(
            f"none of {result.requests} requests with credentials was accepted, "
            "so nothing behind the credentials was fuzzed"
        )
    kinds = Counter(finding.kind for finding in result.findings)
    found = ", ".join(f"{count} x {kind}" for kind, count in sorted(kinds.items())) or "no finding"
    check.judge(
        broke=bool(result.findings),
        measured=f"{found} in {result.requests} requests to {result.operations} operations",
        threshold="0 server errors, 0 answers against the contract, 0 ignored credentials",
        evidence={
            "operations": result.operations,
            "operations_with_2xx": result.operations_with_2xx,
            "unanswered": result.unanswered,
            "findings": [asdict(finding) for finding in result.findings[:SHOWN]],
        },
    )
