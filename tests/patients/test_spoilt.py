from __future__ import annotations

from itertools import islice

import pytest

from codeblue.patients import load_population
from codeblue.patients.fhir import Resource
from codeblue.patients.spoilt import spoilt

NETWORK = load_population("regional-network")


def differences(one: object, other: object) -> int:
    """How many leaves of two trees of the same shape differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        return sum(differences(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        return sum(map(differences, one, other))
    return int(one != other)


@pytest.mark.parametrize(
    ("resource", "kind", "part"),
    [
        ("Patient", "future-date", ""),
        ("Observation", "impossible-value", "heart-rate"),
        ("Observation", "impossible-value", "blood-pressure"),
        ("Observation", "fahrenheit-as-celsius", "body-temperature"),
    ],
)
def test_twins_differ_in_the_one_place_that_is_named(resource: str, kind: str, part: str) -> None:
    pairs = list(islice(spoilt(NETWORK, resource, kind, part), 50))
    assert len(pairs) == 50
    for pair in pairs:
        assert pair.kind == kind
        assert pair.clean["resourceType"] == resource
        assert differences(pair.clean, pair.dirty) == 1
        assert pair.before in str(pair.clean)
        assert pair.after in str(pair.dirty)


def test_the_same_pairs_every_time() -> None:
    def first() -> list[Resource]:
        found = spoilt(NETWORK, "Observation", "impossible-value", "heart-rate")
        return [pair.dirty for pair in islice(found, 20)]

    assert first() == first()


def test_dirt_that_has_no_place_gives_no_pairs() -> None:
    small = load_population("pilot-clinic", size=300)
    assert not list(spoilt(small, "Condition", "fahrenheit-as-celsius"))
