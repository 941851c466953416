from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform.contract.cds import Consciousness
from reference_platform.services.cds.news2 import PARAMETERS, Vitals, points, risk

NORMAL = Vitals(16, 98, False, 120, 70, "A", 37.0)

# Chart 1 of NEWS2 (Royal College of Physicians 2017), read off the print: the first and the last
# value of each box, and its points.
CHART: dict[str, list[tuple[float, float, int]]] = {
    "respiration_rate": [
        (0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 80, 3),
    ],
    "oxygen_saturation": [(50, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    "systolic_blood_pressure": [
        (40, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 300, 3),
    ],
    "pulse": [(20, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 250, 3)],
    "temperature": [
        (30.0, 35.0, 3), (35.1, 36.0, 1), (36.1, 38.0, 0), (38.1, 39.0, 1), (39.1, 42.0, 2),
    ],
}  # fmt: skip
SCALE_2_ON_AIR = [(50, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 100, 0)]
SCALE_2_ON_OXYGEN = [
    (50, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (name, edge, expected)
        for name, boxes in CHART.items()
        for first, last, expected in boxes
        for edge in (first, last)
    ],
)
def test_every_edge_of_the_chart(name: str, value: float, expected: int) -> None:
    assert points(replace(NORMAL, **{name: value}), 1)[name] == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("oxygen", "first", "last", "expected"),
    [(False, *box) for box in SCALE_2_ON_AIR] + [(True, *box) for box in SCALE_2_ON_OXYGEN],
)
def test_every_edge_of_scale_2(oxygen: bool, first: int, last: int, expected: int) -> None:
    for value in (first, last):
        measured = replace(NORMAL, oxygen_saturation=value, supplemental_oxygen=oxygen)
        assert points(measured, 2)["oxygen_saturation"] == expected


@pytest.mark.parametrize(("letter", "expected"), [("A", 0), ("C", 3), ("V", 3), ("P", 3), ("U", 3)])
def test_anything_but_alert_is_three(letter: Consciousness, expected: int) -> None:
    assert points(replace(NORMAL, consciousness=letter), 1)["consciousness"] == expected


def test_supplemental_oxygen_is_two_on_either_scale() -> None:
    for scale in (1, 2):
        known = points(replace(NORMAL, supplemental_oxygen=True), scale)
        assert known["supplemental_oxygen"] == 2


@pytest.mark.parametrize(
    ("given_points", "expected"),
    [
        ([0] * 7, "low"),
        ([2, 2, 0, 0, 0, 0, 0], "low"),
        ([3, 0, 0, 0, 0, 0, 0], "low-medium"),
        ([3, 1, 0, 0, 0, 0, 0], "low-medium"),
        ([2, 2, 1, 0, 0, 0, 0], "medium"),
        ([3, 2, 1, 0, 0, 0, 0], "medium"),
        ([3, 2, 2, 0, 0, 0, 0], "high"),
        ([3, 3, 2, 3, 3, 3, 3], "high"),
    ],
)
def test_the_risk_follows_from_the_points(given_points: list[int], expected: str) -> None:
    assert risk(dict(zip(PARAMETERS, given_points, strict=True))) == expected


@pytest.mark.parametrize("name", PARAMETERS)
def test_what_is_missing_has_no_points(name: str) -> None:
    absent = replace(NORMAL, **{name: None})
    assert absent.missing == [name]
    assert name not in points(absent, 1)


def test_scale_2_needs_to_know_about_the_oxygen() -> None:
    unknown = points(replace(NORMAL, supplemental_oxygen=None), 2)
    assert set(PARAMETERS) - set(unknown) == {"supplemental_oxygen", "oxygen_saturation"}


def test_a_value_between_two_boxes_is_rounded_half_up() -> None:
    for value, expected in ((8.4, 3), (8.5, 1), (20.4, 0), (20.5, 2)):
        known = points(replace(NORMAL, respiration_rate=value), 1)
        assert known["respiration_rate"] == expected
    assert points(replace(NORMAL, temperature=38.04), 1)["temperature"] == 0
    assert points(replace(NORMAL, temperature=38.06), 1)["temperature"] == 1


@given(
    st.floats(0, 100), st.floats(0, 100), st.booleans(), st.floats(0, 350), st.floats(0, 350),
    st.sampled_from("ACVPU"), st.floats(20, 45), st.sampled_from([1, 2]),
)  # fmt: skip
def test_every_set_of_vital_signs_has_a_score(
    rate: float,
    saturation: float,
    oxygen: bool,
    pressure: float,
    pulse: float,
    letter: Consciousness,
    temperature: float,
    scale: int,
) -> None:
    known = points(Vitals(rate, saturation, oxygen, pressure, pulse, letter, temperature), scale)
    assert set(known) == set(PARAMETERS)
    assert 0 <= sum(known.values()) <= 20
    assert max(known.values()) <= 3
