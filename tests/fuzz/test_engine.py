from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from codeblue.errors import TargetError
from codeblue.fuzz import FuzzResult
from codeblue.fuzz.engine import Assignment, run

TOKEN = "sample-token-that-must-not-leak"
SECURED = 4
READ = "GET /fhir/Patient/{patient}"
ORDER = "POST /orders"


def fuzzed(url: str, token: str = TOKEN, seed: int = 1, spared: Sequence[str] = ()) -> FuzzResult:
    return run(
        Assignment(
            base_url=url,
            openapi=f"{url}/openapi.json",
            headers={"Authorization": f"Bearer {token}"},
            patients=["p1", "p2", "p3"],
            seconds=20,
            examples=12,
            seed=seed,
            spared=spared,
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_correct_api_raises_no_alarm(api: Callable[..., str], seed: int) -> None:
    result = fuzzed(api(), seed=seed)
    assert result.findings == ()
    assert result.conclusive
    assert result.operations == 5
    # The update answers 428 and 412, the insurer 503: both correct, neither accepted.
    assert result.operations_with_2xx == SECURED - 2
    assert result.requests > 50


@pytest.mark.slow
def test_the_same_seed_sends_the_same_requests(api: Callable[..., str]) -> None:
    assert fuzzed(api("crash"), seed=5) == fuzzed(api("crash"), seed=5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defects", "expected"),
    [
        (
            ("crash", "outage", "schema"),
            [
                (READ, "response schema", '200 answer: family breaks "type"'),
                ("GET /insurer", "server error", "answered with 502"),
                (ORDER, "server error", "answered with 500"),
            ],
        ),
        (
            ("media-type", "open"),
            [
                (
                    READ,
                    "authentication ignored",
                    "200 answer: API accepts requests without authentication",
                ),
                (
                    READ,
                    "content type",
                    "200 answer: content type text/html; charset=utf-8 is not declared",
                ),
            ],
        ),
        (("exit",), [(ORDER, "server error", "the server went away")]),
        (("hang",), [(ORDER, "server error", "no answer within 10 s")]),
    ],
)
def test_planted_defects_are_the_only_findings(
    api: Callable[..., str], defects: tuple[str, ...], expected: list[tuple[str, str, str]]
) -> None:
    findings = fuzzed(api(*defects)).findings
    assert [(found.operation, found.kind, found.detail) for found in findings] == expected
    for found in findings:
        method, path = found.operation.split(" ")
        assert found.reproduce.startswith(f'curl -i -X {method} "$BASE_URL"/')
        assert path.split("{")[0] in found.reproduce


@pytest.mark.slow
def test_what_is_spared_is_never_called(api: Callable[..., str]) -> None:
    result = fuzzed(api("crash"), spared=[ORDER])
    assert result.findings == ()
    assert result.operations == 4


@pytest.mark.slow
def test_a_run_that_only_met_refusals_is_not_conclusive(api: Callable[..., str]) -> None:
    result = fuzzed(api(), token="wrong")
    assert result.findings == ()
    assert not result.conclusive


@pytest.mark.slow
def test_the_token_stays_out_of_the_result(api: Callable[..., str]) -> None:
    result = fuzzed(api("crash", "open", "schema"))
    assert len(result.findings) == 3
    assert TOKEN not in json.dumps(result.as_json())
    assert "Ada" not in json.dumps(result.as_json())


def test_a_missing_document_is_reported(api: Callable[..., str]) -> None:
    url = api()
    with pytest.raises(TargetError, match=r"answered 404.*Correct target\.openapi"):
        run(Assignment(url, f"{url}/nothing.json", {}, ["p1"], 1, 1, 1))


def test_an_address_where_nothing_listens_is_reported() -> None:
    with pytest.raises(TargetError, match="no OpenAPI document there"):
        run(Assignment("http://127.0.0.1:9", "http://127.0.0.1:9/o.json", {}, ["p1"], 1, 1, 1))
