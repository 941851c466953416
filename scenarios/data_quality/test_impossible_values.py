"""Values of the right type that cannot be true have to stop at the edge of the platform.

Harm: a pulse of 999 and a temperature of 98 degrees Celsius enter the early warning score, and a
patient who deteriorates looks well. Each value is sent as it was measured, then as a legacy system
spoils it: by the synthetic population's own kinds of dirt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import httpx
import pytest

from codeblue.checks import Check
from codeblue.checks.fresh import FHIR, fresh_patient
from codeblue.checks.patience import send_patiently
from codeblue.patients import load_population
from codeblue.patients.fhir import Resource
from codeblue.patients.spoilt import Spoilt, spoilt

EACH = 12
SPOILT = {  # measurement: kind of dirt
    "body-temperature": "fahrenheit-as-celsius",
    "heart-rate": "impossible-value",
    "respiratory-rate": "impossible-value",
    "oxygen-saturation": "impossible-value",
    "blood-pressure": "impossible-value",
}
ARREST = "0"  # a pulse and a blood pressure of 0 can be true
NOT_ABOUT_CONTENT = {401, 403, 408, 429}


@pytest.mark.check(
    id="impossible-values",
    risk="data quality",
    examines=["semantic_validation"],
    title="Values that cannot be true are refused",
)
def test_values_that_cannot_be_true_are_refused(
    check: Check, client: Callable[..., httpx.Client]
) -> None:
    """Sixty vital signs, each as it is true and as dirt has left it."""
    pairs = [pair for sign, kind in SPOILT.items() for pair in islice(_untrue(sign, kind), EACH)]
    ward = client()
    patient = fresh_patient(ward)
    with check.control():
        answers = [_post(ward, pair.clean, patient) for pair in pairs]
        assert set(answers) == {201}, f"what is true was answered {Counter(answers)}"
    with check.stressor():
        answers = [_post(ward, pair.dirty, patient) for pair in pairs]
    undecided = [status for status in answers if status in NOT_ABOUT_CONTENT or status == 0]
    wrong = [
        (pair, status)
        for pair, status in zip(pairs, answers, strict=True)
        if httpx.codes.is_success(status) or httpx.codes.is_server_error(status)
    ]
    refused = len(pairs) - len(wrong) - len(undecided)
    broke = len(wrong) > 0.05 * len(pairs)
    if undecided and not broke:
        check.inconclusive(f"answered for another reason than their content: {Counter(undecided)}")
    check.judge(
        broke=broke,
        measured=f"of {len(pairs)} vital signs that cannot be true {refused} were refused",
        threshold="at least 95 % refused; every one of their true twins accepted",
        evidence={
            "true twins accepted": len(pairs),
            "not refused by kind": Counter(pair.kind for pair, _ in wrong),
            "examples": [
                f"{pair.kind}: {pair.place} {pair.after} (true: {pair.before}), answered {status}"
                for pair, status in wrong[:8]
            ],
        },
    )


def _untrue(sign: str, kind: str) -> Iterator[Spoilt]:
    found = spoilt(load_population("regional-network"), "Observation", kind, sign)
    return (pair for pair in found if pair.after != ARREST)


def _post(client: httpx.Client, resource: Resource, patient: str) -> int:
    """The status of the answer; 0 when there was none."""
    body = {name: value for name, value in resource.items() if name != "id"}
    body["subject"] = {"reference": f"Patient/{patient}"}
    request = client.build_request("POST", f"{FHIR}/Observation", json=body)
    try:
        return send_patiently(client, request).status_code
    except httpx.TransportError:
        return 0
