"""A version that was published is a promise: clients of yesterday work with the release of today.

The requests are those of a client that was written against version 1. A release may add to the
answers; it may not rename, remove or move what the client reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import FHIR, fresh_patient, fresh_slots
from codeblue.checks.promises import breaches
from codeblue.session import Session

NOT_KNOWN = (404, 406, 410)
ELIGIBILITY = {"payer": "ACME", "member": "M-1001"}
ALLERGY = {"code": "7980", "display": "Penicillin"}


def _requests(patient: str, slot: str) -> list[tuple[str, str, Any]]:
    about = {"patient": patient}
    return [
        ("GET", f"{FHIR}/Patient/{patient}", None),
        ("GET", f"{FHIR}/Patient?_count=5", None),
        ("GET", f"{FHIR}/Observation?patient={patient}", None),
        ("POST", f"/v1/patients/{patient}/allergies", ALLERGY),
        ("GET", f"/v1/patients/{patient}/allergies", None),
        ("GET", f"/v1/patients/{patient}/chart", None),
        ("POST", "/v1/orders", about | {"code": "314076", "quantity": 1}),
        ("GET", f"/v1/orders?patient={patient}", None),
        ("GET", "/v1/slots?status=free", None),
        ("POST", "/v1/appointments", about | {"slot": slot}),
        ("GET", f"/v1/appointments?slot={slot}", None),
        ("POST", "/v1/eligibility", about | ELIGIBILITY),
        ("POST", "/v1/lab-requests", about | {"code": "24323-8"}),
        ("GET", "/v1/visits/none", None),
    ]


@pytest.mark.check(
    id="version-promises",
    risk="integrations",
    examines=["versioned_api"],
    title="A client of the published version still understands every answer",
)
def test_a_client_of_the_published_version_understands_every_answer(
    check: Check, platform: Session, client: Callable[..., httpx.Client]
) -> None:
    """Besides, a version that was never published is not served as if it were."""
    caller = client()
    with check.control():
        contract = caller.get(str(platform.target.openapi)).raise_for_status().json()
        requests = _requests(fresh_patient(caller), fresh_slots(caller, 1)[0])
    with check.stressor():
        answers = [caller.request(method, path, json=body) for method, path, body in requests]
        unknown = caller.get(f"/v99{requests[0][1].removeprefix('/v1')}")
    with check.oracle():
        broken = breaches(contract, answers)
        unserved = [str(answer.request.url) for answer in answers if answer.is_server_error]
    if unserved and not broken:
        check.inconclusive(f"not served: {', '.join(unserved)}")
    served = unknown.status_code not in NOT_KNOWN
    check.judge(
        broke=bool(broken) or served,
        measured=(
            f"{len(broken)} of {len(answers)} answers are not what version 1 promises; "
            f"an unknown version is answered with {unknown.status_code}"
        ),
        threshold="0 answers against the contract; an unknown version: 404, 406 or 410",
        evidence={"against the contract": broken},
    )
