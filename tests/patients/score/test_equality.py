from __future__ import annotations

import pytest

from codeblue.patients.score.equality import Quantity, same, same_quantity
from codeblue.patients.tables import load_tables

TABLES = load_tables()


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("value", "5.40", "5.4"),
        ("systolic", "120", "120.0"),
        ("effective", "2025-05-03T10:20:00Z", "2025-05-03T05:20:00-05:00"),
        ("effective", "2025-05-03T10:20:00", "2025-05-03T10:20:00.000+00:00"),
        ("onset", "2014-09-06", "2014-09-06T00:00:00Z"),
        ("family", "Li", "Li"),
    ],
)
def test_the_same(field: str, one: str, other: str) -> None:
    assert same(field, one, other)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("value", "5.4", "99"),
        ("value", "", "0"),
        ("value", "high", "low"),
        ("effective", "05/03/2025 10:20", "2025-05-03T10:20:00Z"),
        ("effective", "", "2025-05-03"),
        ("code", "1.0", "1"),
        ("birth_date", "19640503", "1964-05-03"),
    ],
)
def test_not_the_same(field: str, one: str, other: str) -> None:
    assert not same(field, one, other)


@pytest.mark.parametrize(
    ("measurement", "one", "other", "equal"),
    [
        ("glucose", ("5.5", "mmol/L"), ("99", "mg/dL"), True),
        ("glucose", ("5.5", "mg/dL"), ("99", "mg/dL"), False),
        ("glucose", ("99", "mmol/L"), ("99", "mg/dL"), False),
        ("glucose", ("5.5", "mmol/L"), ("99", "g/L"), False),
        ("glucose", ("99.0", "mg/dL"), ("99", "mg/dL"), True),
        ("body-temperature", ("98.6", "[degF]"), ("37.0", "Cel"), True),
        ("body-temperature", ("high", "[degF]"), ("37.0", "Cel"), False),
        ("heart-rate", ("72", "Hz"), ("72", "/min"), False),
    ],
)
def test_quantities(
    measurement: str, one: tuple[str, str], other: tuple[str, str], equal: bool
) -> None:
    assert same_quantity(TABLES, measurement, Quantity(*one), Quantity(*other)) is equal
