from __future__ import annotations

from datetime import UTC, datetime

import hl7
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import load_population
from codeblue.patients.hl7v2 import Hl7Renderer, frame, messages
from codeblue.patients.institutions.records import DUPLICATE, HOME
from codeblue.patients.rows.charts import Charts
from codeblue.patients.rows.hl7_rows import event_rows, rows
from codeblue.patients.visits.event_columns import of_type

NETWORK = load_population("regional-network")
INSTITUTIONS = st.integers(0, len(NETWORK.institutions) - 1)
RENDERER = Hl7Renderer()
PERSONS = 1500


def text(start: int, stop: int, institution: int) -> dict[tuple[str, str], bytes]:
    found: dict[tuple[str, str], bytes] = {}
    for block in rows(NETWORK, NETWORK.persons(start, stop), institution):
        found[block.resource, block.part] = bytes(RENDERER.render(block))
    return found


def of_institution(number: int, *types: str) -> list[list[bytes]]:
    blocks = rows(NETWORK, NETWORK.persons(0, PERSONS), number, types)
    return [messages(RENDERER.render(block)) for block in blocks]


def institution_with(charset: str) -> int:
    charsets: list[str] = [each.profile.hl7.charset for each in NETWORK.institutions]
    return charsets.index(charset)


@given(st.integers(0, NETWORK.size - 300), st.integers(0, 150), st.integers(0, 150), INSTITUTIONS)
@settings(max_examples=15, deadline=None)
def test_two_chunks_are_written_as_one(
    start: int, first: int, second: int, institution: int
) -> None:
    middle, stop = start + first, start + first + second
    left, right = text(start, middle, institution), text(middle, stop, institution)
    joined = {key: left.get(key, b"") + right.get(key, b"") for key in left.keys() | right.keys()}
    assert joined == text(start, stop, institution)


@pytest.mark.parametrize("number", range(len(NETWORK.institutions)))
def test_control_ids_are_unique(number: int) -> None:
    ids = [message.split(b"|")[9] for block in of_institution(number) for message in block]
    assert len(ids) > 500
    assert len(set(ids)) == len(ids)


def test_names_are_in_the_character_set_of_msh_18() -> None:
    for charset, named in (("UTF-8", b"UNICODE UTF-8"), ("ISO-8859-1", b"8859/1")):
        block = of_institution(institution_with(charset), "ADT^A04")[0]
        assert all(message.partition(b"\r")[0].split(b"|")[17] == named for message in block)
        beyond = [message.decode(charset) for message in block if not message.isascii()]
        assert beyond
        assert all("Ã" not in message and "\ufffd" not in message for message in beyond)


def test_a_transfer_names_the_ward_before() -> None:
    moved = [message for n in range(3) for b in of_institution(n, "ADT^A02") for message in b]
    assert moved
    for message in moved:
        found = hl7.parse(message.decode("latin-1"))
        assert str(found["PV1.F3"]) != str(found["PV1.F6"])
        assert str(found["PV1.F6"])


def test_results_keep_only_what_a_laboratory_sends() -> None:
    message = of_institution(0, "ORU^R01")[0][0].decode()
    segments = [segment.partition("|")[0] for segment in message.split("\r")[:-1]]
    assert segments == ["MSH", "PID", "PV1", "OBR", *["OBX"] * 11]


def test_a_merge_names_the_number_that_goes() -> None:
    population = load_population("regional-network")
    persons = population.persons(0, 500)
    records = population.records(persons, 1)
    person = int(records.person[records.copy == DUPLICATE][0])
    one = np.array([0])
    event = of_type("ADT^A40", one, one + 1, one + person, one + DUPLICATE)
    charts = Charts(population, persons, 1)
    block = next(event_rows(charts, event, "ADT^A40"))
    message = hl7.parse(messages(RENDERER.render(block))[0].decode("latin-1"))
    numbers = {
        copy: records.number[(records.person == person) & (records.copy == copy)][0].decode()
        for copy in (HOME, DUPLICATE)
    }
    assert str(message["PID.F3.R1.C1"]) == numbers[HOME]
    assert str(message["MRG.F1.R1.C1"]) == numbers[DUPLICATE]


def test_details_can_be_given() -> None:
    pilot = load_population("pilot-clinic")
    message = pilot.adt(
        "A02",
        7,
        facility="river|side",
        visit="V-1",
        ward="ICU",
        at=datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC),
        control_id="C-1",
    )
    segments = [segment.split("|") for segment in message.split("\r")]
    assert (segments[0][3], segments[0][9]) == ("river\\F\\side", "C-1")
    assert segments[1][2] == "20250304050607"
    assert (segments[3][3], segments[3][19]) == ("ICU", "V-1")


@given(st.lists(st.binary(min_size=1).filter(lambda m: b"\x0b" not in m and b"\x1c" not in m)))
def test_frames_can_be_taken_off_and_put_on(bare: list[bytes]) -> None:
    assert messages(frame(bare)) == bare
