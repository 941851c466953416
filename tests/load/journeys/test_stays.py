"""The messages of a legacy feed are HL7 v2, and differ where stays do."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeblue.errors import UsageError
from codeblue.load.journeys.stays import RESULTS, TRIGGERS, StayMessages, stay_messages
from codeblue.patients import load_population
from codeblue.target import Target

IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=20)


def target() -> Target:
    tenants = {
        name: {"population": "pilot-clinic", "patients": 8} for name in ("riverside", "lakeside")
    }
    return Target(name="T", base_url="http://127.0.0.1:1", tenants=tenants)  # type: ignore[arg-type]


@cache
def stays_of(tenant: str) -> list[StayMessages]:
    return stay_messages(target(), tenant)


@pytest.fixture
def told() -> list[StayMessages]:
    return stays_of("lakeside")


def fields(message: str, segment: str) -> list[str]:
    """The fields of a segment, by their numbers in the standard."""
    parts = next(s for s in message.split("\r") if s.startswith(f"{segment}|")).split("|")
    return ["", *parts] if segment == "MSH" else parts


def test_they_are_about_the_patients_that_were_seeded_for_the_tenant(
    told: list[StayMessages],
) -> None:
    population = load_population("pilot-clinic")
    ours = [population.adt("A01", index, facility="lakeside") for index in range(8, 16)]
    assert [each.patient for each in told] == [fields(m, "PID")[3].split("^")[0] for m in ours]


def test_each_stay_can_be_told_in_the_order_of_its_events(told: list[StayMessages]) -> None:
    for each in told:
        texts = [each.text(trigger, "c", "v", "w") for trigger in TRIGGERS]
        assert [fields(text, "MSH")[9].split("^")[1] for text in texts] == list(TRIGGERS)
        occurred = [fields(text, "EVN")[2] for text in texts]
        assert occurred == sorted(set(occurred))


@given(control_id=IDS, visit=IDS, ward=IDS)
def test_what_differs_from_stay_to_stay_is_put_in(control_id: str, visit: str, ward: str) -> None:
    for each in stays_of("riverside"):
        for kind in each.texts:
            text = each.text(kind, control_id, visit, ward)
            assert fields(text, "MSH")[10] == control_id
            assert fields(text, "MSH")[4] == "riverside"
            assert fields(text, "PID")[3].startswith(each.patient)
            assert (fields(text, "PV1")[3], fields(text, "PV1")[19]) == (ward, visit)
            assert "@" not in text


def test_who_has_results_has_a_message_for_them(told: list[StayMessages]) -> None:
    reports = [each.text(RESULTS, "c", "v", "w") for each in told if RESULTS in each.texts]
    assert reports
    for report in reports:
        assert fields(report, "MSH")[9].startswith(RESULTS)
        assert report.count("\rOBX|") > 1
        assert fields(report, "OBR")[2] == "c"


def test_a_tenant_that_is_not_known_has_none() -> None:
    with pytest.raises(UsageError, match="hillside"):
        stay_messages(target(), "hillside")
