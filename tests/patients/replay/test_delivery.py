from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import hl7
import pytest

from codeblue.patients import load_population
from codeblue.patients.replay import Delivery, deliveries
from codeblue.patients.replay.delivery import Standard
from codeblue.patients.visits.events import events

NETWORK = load_population("regional-network", size=4000)
BEGIN = datetime(2025, 6, 9, tzinfo=UTC)
HOURS = 60
HL7: tuple[Standard, ...] = ("hl7v2",)
FHIR: tuple[Standard, ...] = ("fhir",)


@pytest.fixture(scope="module")
def told() -> list[Delivery]:
    return list(deliveries(NETWORK, BEGIN, HOURS, HL7 + FHIR, mess=0))


@pytest.fixture(scope="module")
def spoiled() -> list[Delivery]:
    return list(deliveries(NETWORK, BEGIN, HOURS, HL7 + FHIR, mess=10))


def test_every_event_is_told_in_the_standards_that_have_words_for_it(told: list[Delivery]) -> None:
    assert [each.event for each in told] == list(
        events(NETWORK, BEGIN, BEGIN + timedelta(hours=HOURS))
    )
    for each in told:
        appointment = each.event.type.startswith("appointment-")
        assert bool(each.message) != appointment
        assert bool(each.resources) == (appointment or each.event.type == "ORU^R01")
        assert (each.patient is not None) == bool(each.resources)


def test_messages_say_what_happened_to_whom_and_where(told: list[Delivery]) -> None:
    heard = [each for each in told if each.message]
    assert len({each.message.split(b"|", 10)[9] for each in heard}) == len(heard)
    for each in heard[:150]:
        event, institution = each.event, NETWORK.institutions[each.event.institution]
        profile = institution.profile
        charset = {"UTF-8": "utf-8", "ISO-8859-1": "latin-1"}[profile.hl7.charset]
        message = hl7.parse(each.message.decode(charset))
        header = message.segment("MSH")
        assert str(header[9]).startswith(event.type)
        assert str(header[4]) == institution.slug
        assert str(header[3]) == profile.hl7.sending_application
        [record] = {
            found.number[(found.person == event.person) & (found.copy == event.copy)][0].decode()
            for found in [
                NETWORK.records(NETWORK.persons(event.person, event.person + 1), event.institution)
            ]
        }
        assert str(message["PID.F3.R1.C1"]) == record
        local = event.at + timedelta(minutes=profile.utc_offset_minutes)
        assert str(header[7]).startswith(f"{local:%Y%m%d%H%M}")
        if event.ward:
            assert str(message.segment("PV1")[3]) == event.ward


def test_resources_are_about_the_visit_and_carry_no_ids(told: list[Delivery]) -> None:
    for each in (each for each in told if each.resources):
        assert each.patient is not None
        assert each.patient["resourceType"] == "Patient"
        assert all("id" not in resource for resource in (each.patient, *each.resources))
        if each.event.type == "ORU^R01":
            assert [one["resourceType"] for one in each.resources] == ["Observation"] * 10
            effective = {one["effectiveDateTime"] for one in each.resources}
            assert max(map(datetime.fromisoformat, effective)) <= each.event.at
        else:
            [appointment] = each.resources
            assert f"appointment-{appointment['status']}" == each.event.type
            at = {"booked": "created", "fulfilled": "start", "noshow": "end"}
            when = datetime.fromisoformat(appointment[at[appointment["status"]]])
            assert when == each.event.at


def test_a_merge_names_both_records(told: list[Delivery]) -> None:
    merges = [each.message.decode("latin-1") for each in told if each.event.type == "ADT^A40"]
    assert merges
    for message in merges:
        kept, gone = (re.search(rf"\r{name}\|([^\r]*)", message) for name in ("PID", "MRG"))
        assert kept
        assert gone
        assert kept[1].split("|")[2].split("^")[0] != gone[1].split("|")[0].split("^")[0]


def test_only_what_is_wanted_is_told_and_under_the_name_that_is_wanted() -> None:
    found = list(deliveries(NETWORK, BEGIN, 12, HL7, "riverside", ("ADT^A03",)))
    assert {each.event.type for each in found} == {"ADT^A03"}
    assert {each.message.split(b"|")[3] for each in found} == {b"riverside"}
    assert not any(each.resources for each in found)
    assert not list(deliveries(NETWORK, BEGIN, 12, FHIR, None, ("ADT^A03",)))


def test_what_is_spoiled_carries_labels_and_all_else_is_as_it_was(
    told: list[Delivery], spoiled: list[Delivery]
) -> None:
    first = {each.event: each for each in reversed(spoiled)}
    assert list(first)[::-1] == [each.event for each in told]
    assert not any(each.labels for each in told)
    for clean in told:
        dirty = first[clean.event]
        same = (dirty.message, dirty.patient, dirty.resources) == (
            clean.message,
            clean.patient,
            clean.resources,
        )
        changes = {label for label in dirty.labels if label.place not in ("count", "id")}
        assert same == (not changes), dirty.labels
        assert {label.person for label in dirty.labels} <= {clean.event.person}
    assert len({label.kind for each in spoiled for label in each.labels}) > 10


def test_a_repeated_message_is_delivered_twice(spoiled: list[Delivery]) -> None:
    sent = Counter(each.message for each in spoiled if each.message)
    repeated = {
        label.record
        for each in spoiled
        for label in each.labels
        if label.kind == "repeated-message"
    }
    assert repeated
    assert {m.split(b"|", 10)[9].decode() for m, n in sent.items() if n == 2} == repeated


def test_references_are_left_to_the_server(spoiled: list[Delivery]) -> None:
    in_fhir = [label for each in spoiled for label in each.labels if "^" not in label.resource]
    assert in_fhir
    assert not {label.kind for label in in_fhir} & {"wrong-patient", "orphan-reference"}
