from __future__ import annotations

from typing import Any

import pytest

from reference_platform.contract.cds import PARTS
from reference_platform.decisions.configurable_workflows import Pilot, Production
from reference_platform.institutions import DEFAULT, SHIPPED
from reference_platform.outcomes import Refusal
from reference_platform.services.scheduling.opening_hours import is_open


def nothing(_tenant: str, _name: str) -> None:
    """Nobody has set anything."""


@pytest.mark.parametrize("tenant", ["riverside", "lakeside", "hillside"])
def test_every_hospital_runs_by_its_own_table(tenant: str) -> None:
    workflow = Production().workflow(tenant, nothing)
    for name in PARTS:
        assert getattr(workflow, name) == getattr(SHIPPED[tenant], name)


def test_a_hospital_without_a_table_runs_by_the_published_one() -> None:
    assert Production().workflow("seaside", nothing).news2 == SHIPPED[DEFAULT].news2


def test_the_pilot_runs_the_third_hospital_as_the_first() -> None:
    assert Pilot().workflow("hillside", nothing) is SHIPPED["riverside"]
    assert Pilot().workflow("lakeside", nothing) is SHIPPED["lakeside"]


def test_what_is_set_is_in_force_for_that_hospital_only() -> None:
    content = SHIPPED["hillside"].news2.model_dump() | {"scale": 2}

    def configured(tenant: str, name: str) -> dict[str, Any] | None:
        return content if (tenant, name) == ("hillside", "news2") else None

    production = Production()
    assert production.workflow("hillside", configured).news2.scale == 2
    assert production.workflow("riverside", configured).news2.scale == 1
    assert Pilot().workflow("hillside", configured).news2.scale == 1


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("news2", {"scale": 3}),
    ("news2", {"scale": "2"}),
    ("news2", {"escalation": []}),
    ("news2", {"escalation": [{"at_least": 1, "level": "a", "steps": ["b"]}]}),
    ("news2", {"escalation": [{"at_least": 0, "level": "a", "steps": ["b"]}] * 2}),
    ("triage", {"levels": [{"at_least": 0, "level": "a", "steps": []}]}),
    ("triage", {"nurses": 3}),
    ("booking", {"timezone": "Europe/Atlantis"}),
    ("booking", {"timezone": "../etc"}),
    ("booking", {"hours": [{"day": "mon", "opens": "25:00", "closes": "26:00"}]}),
    ("codes", {"vital_signs": [{"local": "X"}]}),
]


@pytest.mark.parametrize(("name", "change"), WRONG)
def test_an_invalid_configuration_is_refused_and_the_old_one_stays(
    name: str, change: dict[str, Any]
) -> None:
    good = getattr(SHIPPED["riverside"], name).model_dump()
    contents: list[dict[str, Any]] = [good]
    production = Production()

    def configured(_tenant: str, asked: str) -> dict[str, Any] | None:
        return contents[-1] if asked == name else None

    before = getattr(production.workflow("riverside", configured), name)
    with pytest.raises(Refusal) as refusal:
        production.accept(name, good | change)
    assert refusal.value.status == 422
    contents.append(good | change)  # it got there some other way
    assert getattr(production.workflow("riverside", configured), name) == before
    Pilot().accept(name, good | change)


def test_what_is_shipped_is_accepted() -> None:
    for workflow in SHIPPED.values():
        for name in PARTS:
            Production().accept(name, getattr(workflow, name).model_dump())


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2031-03-03T15:00:00Z", "2031-03-03T15:30:00Z", True),  # Monday, 8:00 in Denver
        ("2031-03-03T14:59:00Z", "2031-03-03T15:30:00Z", False),
        ("2031-03-04T00:30:00Z", "2031-03-04T01:00:00Z", True),  # still Monday there
        ("2031-03-04T00:30:00Z", "2031-03-04T01:01:00Z", False),
        ("2031-03-03T08:00:00-07:00", "2031-03-03T18:00:00-07:00", True),
        ("2031-03-03T15:00:00Z", "2031-03-05T15:30:00Z", False),
        ("2031-03-08T15:00:00Z", "2031-03-08T15:30:00Z", False),  # Saturday
    ],
)
def test_opening_hours_are_by_the_clock_of_the_hospital(
    start: str, end: str, expected: bool
) -> None:
    assert is_open(SHIPPED["hillside"].booking, start, end) is expected
