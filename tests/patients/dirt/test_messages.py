from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import Population
from codeblue.patients.dirt import Label, inject_messages
from codeblue.patients.rows import Rows

EVENTS = ("A04", "A01", "A03")
RATES = {"truncated-segment": 0.1, "repeated-message": 0.1, "out-of-order-message": 0.1}


def blocks(persons: range) -> list[Rows]:
    person = np.array(persons, dtype=np.int64)
    return [
        Rows(
            f"ADT^{event}",
            0,
            person,
            np.zeros(len(person), dtype=np.int64),
            {"control_id": np.array([f"{event}-{one}".encode() for one in persons], dtype="S20")},
            typed={"at": np.full(len(person), hour).astype("datetime64[s]")},
        )
        for hour, event in enumerate(EVENTS)
    ]


def rendered(rows: Rows) -> list[bytes]:
    return [
        b"MSH|^~\\&|LAB|%s\rPID|1||H%d^^^LAKESIDE\rPV1|1|I|ED\r" % (name, person)
        for name, person in zip(
            np.asarray(rows.fields["control_id"]).tolist(), rows.person.tolist(), strict=True
        )
    ]


def sent(
    population: Population, persons: range, rates: dict[str, float], mess: float = 1.0
) -> tuple[list[bytes], list[Label]]:
    made = blocks(persons)
    messages = [message for rows in made for message in rendered(rows)]
    arrived, labels = inject_messages(messages, made, rates, mess, population)
    return arrived, labels.rows


def control_id(message: bytes) -> str:
    return message.split(b"\r")[0].split(b"|")[3].decode()


def test_a_clean_feed_arrives_as_it_was(population: Population) -> None:
    arrived, labels = sent(population, range(100), RATES, 0.0)
    assert [control_id(message) for message in arrived] == [
        f"{event}-{person}" for event in EVENTS for person in range(100)
    ]
    assert not labels


def test_messages_are_sent_in_the_order_of_their_events(population: Population) -> None:
    made = blocks(range(20))[::-1]
    messages = [message for rows in made for message in rendered(rows)]
    arrived, _ = inject_messages(messages, made, {}, 0.0, population)
    assert [control_id(message) for message in arrived] == [
        f"{event}-{person}" for event in EVENTS for person in range(20)
    ]


def test_a_truncated_message_ends_in_a_segment(population: Population) -> None:
    arrived, labels = sent(population, range(600), {"truncated-segment": 0.1})
    whole = {
        control_id(message): message for rows in blocks(range(600)) for message in rendered(rows)
    }
    cut = {
        control_id(message): message for message in arrived if message != whole[control_id(message)]
    }
    assert {label.record for label in labels} == set(cut)
    for label in labels:
        message = cut[label.record]
        assert message.endswith(f"{label.after}\r".encode())
        assert whole[label.record].startswith(message[:-1])
        assert label.before.startswith(label.after)
        assert label.before[:3] == label.place
        assert len(label.after) < len(label.before)


def test_a_repeated_message_comes_twice_in_a_row(population: Population) -> None:
    arrived, labels = sent(population, range(600), {"repeated-message": 0.1})
    counts = Counter(map(control_id, arrived))
    assert {label.record for label in labels} == {name for name, n in counts.items() if n == 2}
    assert set(counts.values()) == {1, 2}
    again = [one for one, other in itertools.pairwise(arrived) if one == other]
    assert len(again) == len(labels) > 100


def test_an_overtaken_message_comes_after_a_later_one_of_its_patient(
    population: Population,
) -> None:
    arrived, labels = sent(population, range(600), {"out-of-order-message": 0.1})
    assert len(arrived) == 1800
    assert {(label.before, label.after) for label in labels} == {("2", "1"), ("3", "2")}
    order = [control_id(message) for message in arrived]
    for person in range(600):
        mine = [name for name in order if name.endswith(f"-{person}")]
        late = [label for label in labels if label.person == person]
        assert (mine != [f"{event}-{person}" for event in EVENTS]) == bool(late)


@given(st.lists(st.integers(0, 300), max_size=5))
@settings(max_examples=20, deadline=None)
def test_any_split_of_the_persons_spoils_the_same_messages(
    population: Population, cuts: list[int]
) -> None:
    bounds = [0, *sorted(cuts), 300]
    arrived: list[bytes] = []
    labels: list[Label] = []
    for start, stop in itertools.pairwise(bounds):
        some, found = sent(population, range(start, stop), RATES)
        arrived += some
        labels += found
    whole, expected = sent(population, range(300), RATES)
    assert Counter(arrived) == Counter(whole)
    assert sorted(labels) == sorted(expected)


def test_labels_read_a_message_in_its_character_set(population: Population) -> None:
    made = blocks(range(50))[:1]
    made[0].fields["character_set"] = b"8859/1"
    messages = ["MSH|^~\\&|\rPID|1||7||Núñez".encode("latin-1")] * 50
    _, labels = inject_messages(messages, made, {"truncated-segment": 1.0}, 1.0, population)
    assert {label.before for label in labels.rows} == {"PID|1||7||Núñez"}


def test_a_message_of_one_segment_cannot_be_cut(population: Population) -> None:
    made = blocks(range(50))[:1]
    messages = [b"MSH|^~\\&|\r"] * 50
    arrived, labels = inject_messages(messages, made, {"truncated-segment": 1.0}, 1.0, population)
    assert arrived == messages
    assert not len(labels)


@pytest.mark.parametrize("persons", [range(0)])
def test_nothing_sent_is_nothing_spoiled(population: Population, persons: range) -> None:
    assert sent(population, persons, RATES) == ([], [])
