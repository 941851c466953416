from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.contract.exchanges import OrderRequest
from reference_platform.contract.resources import Patient
from reference_platform.contract.searches import PatientSearch
from reference_platform.decisions.schema_validation import Pilot, Production
from reference_platform.outcomes import Refusal

from .conftest import Start

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"family": "Proband"}],
    "birthDate": "1980-05-17",
}
MALFORMED = [
    {"birthDate": "1980-02-30"},
    {"birthDate": "19800517"},
    {"birthDate": None},
    {"nickname": "Ann"},
    {"gender": "F"},
    {"active": "yes"},
    {"active": 1},
    {"name": []},
    {"name": [{}]},
    {"name": [{"family": "Pro\x00band"}]},
    {"link": [{"type": "seealso"}]},
]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize("change", MALFORMED)
def test_production_refuses_what_pilot_lets_in(change: dict[str, Any]) -> None:
    body = orjson.dumps(PATIENT | change)
    assert Pilot().body(Patient, None, body) == body
    with pytest.raises(Refusal) as refusal:
        Production().body(Patient, None, body)
    assert refusal.value.status == 422


def test_production_passes_on_what_it_checked() -> None:
    body = orjson.dumps(PATIENT)
    assert orjson.loads(Production().body(Patient, "application/fhir+json", body)) == PATIENT


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{", None, 400),
        (b'{"patient":"a","code":"b","quantity":NaN}', None, 422),
        (b"\xff\xfe{}", None, 400),
        (b'{"code":"\\ud800"}', None, 400),
        (b"[" * 5000 + b"]" * 5000, None, 400),
        (b"{}", "text/plain", 415),
        (b"{}", "application/json; charset=utf-8", 422),
    ],
)
def test_what_is_not_json_is_refused(body: bytes, content_type: str | None, status: int) -> None:
    with pytest.raises(Refusal) as refusal:
        Production().body(OrderRequest, content_type, body)
    assert refusal.value.status == status


def order(quantity: str) -> bytes:
    return f'{{"patient":"a","code":"b","quantity":{quantity}}}'.encode()


@pytest.mark.parametrize("quantity", ["1", "1.0"])
def test_an_integer_is_what_json_schema_calls_one(quantity: str) -> None:
    checked = Production().body(OrderRequest, None, order(quantity))
    assert orjson.loads(checked)["quantity"] == 1


@pytest.mark.parametrize("quantity", ["1.5", "0", "1001", "true", '"1"', "null", "1e30", "[1]"])
def test_what_is_not_an_integer_in_its_bounds_is_refused(quantity: str) -> None:
    with pytest.raises(Refusal) as refusal:
        Production().body(OrderRequest, None, order(quantity))
    assert refusal.value.status == 422


@given(ANYTHING)
def test_any_json_is_either_valid_or_refused(value: object) -> None:
    body = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str)
    with pytest.raises(Refusal):
        Production().body(OrderRequest, None, body)


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(Refusal) as refusal:
        Production().body(Patient, None, orjson.dumps(PATIENT | {"birthDate": "Secret"}))
    assert refusal.value.diagnostics[0].startswith("birthDate: ")
    assert "Secret" not in "".join(refusal.value.diagnostics)


@pytest.mark.parametrize("count", ["0", "101", "abc", "1.5", "", "-1", "1_0"])
def test_a_bad_count_is_refused(count: str) -> None:
    pairs = [("_count", count)]
    assert Pilot().query(PatientSearch, pairs) == f"_count={count}"
    with pytest.raises(Refusal) as refusal:
        Production().query(PatientSearch, pairs)
    assert refusal.value.status == 400


def test_unknown_parameters_are_dropped() -> None:
    pairs = [("family", "Ö"), ("_count", "5"), ("debug", "1")]
    assert Production().query(PatientSearch, pairs) == "_count=5&family=%C3%96"


@pytest.mark.parametrize("value", ["a b", "a" * 65, "\x00", "é", "a\n", ""])
def test_what_cannot_be_an_id_is_not_found(value: str) -> None:
    Pilot().identifier(value)
    with pytest.raises(Refusal) as refusal:
        Production().identifier(value)
    assert refusal.value.status == 404


@pytest.mark.slow
def test_a_malformed_birth_date_breaks_the_pilots_chart_later(start: Start) -> None:
    malformed = PATIENT | {"birthDate": "soon"}
    with start("production-schema_validation").client() as client:
        stored = client.post("/v1/fhir/Patient", json=malformed)
        chart = client.get(f"/v1/patients/{stored.json()['id']}/chart")
        assert (stored.status_code, chart.status_code) == (201, 500)
    with start("production").client() as client:
        assert client.post("/v1/fhir/Patient", json=malformed).status_code == 422


@pytest.mark.slow
def test_an_endless_body_is_cut_off(start: Start) -> None:
    with start("production").client() as client:
        answer = client.post("/v1/orders", content=b'{"code":"' + b"a" * 2**20 + b'"}')
    assert answer.status_code == 413
