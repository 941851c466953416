from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from .conftest import Start
from .samples import Resource, resource


@pytest.fixture
def client(start: Start) -> Iterator[httpx.Client]:
    with start("production").client() as client:
        yield client


def named(value: str) -> Resource:
    return resource("Patient", "") | {"identifier": [{"system": "urn:mrn", "value": value}]}


def create(client: httpx.Client, value: str, condition: str | None = None) -> httpx.Response:
    """`condition`: by default that nothing has the identifier yet."""
    header = condition or f"identifier={quote(f'urn:mrn|{value}')}"
    return client.post("/v1/fhir/Patient", json=named(value), headers={"If-None-Exist": header})


@pytest.mark.slow
def test_what_is_there_is_not_created_again(client: httpx.Client) -> None:
    value = uuid4().hex
    first, second = create(client, value), create(client, value)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    for header in ("Location", "ETag", "Last-Modified"):
        assert first.headers[header] == second.headers[header]
    client.post("/v1/fhir/Patient", json=named(value))
    assert create(client, value).status_code == 412


@pytest.mark.slow
@pytest.mark.parametrize("header", ["family=x", "identifier=", "identifier=1&identifier=2", "x"])
def test_a_condition_that_is_none_is_refused(client: httpx.Client, header: str) -> None:
    assert create(client, uuid4().hex, header).status_code == 400


@pytest.mark.slow
def test_of_many_at_once_one_creates(client: httpx.Client) -> None:
    for _ in range(3):
        value = uuid4().hex
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _, v=value: create(client, v), range(8)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[201] == 1
        assert set(statuses) <= {200, 201, 503}
        assert len({each.json()["id"] for each in answers if each.is_success}) == 1


@pytest.mark.slow
def test_another_tenants_resource_is_not_there(start: Start, client: httpx.Client) -> None:
    value = uuid4().hex
    with start("production").client("lakeside") as stranger:
        assert [create(each, value).status_code for each in (client, stranger)] == [201, 201]
