from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import load_population
from codeblue.patients.institutions.records import DUPLICATE, HOME, VISITED
from codeblue.patients.visits.event_columns import TYPES, EventColumns, joined
from codeblue.patients.visits.events import Event, event_columns, events
from codeblue.patients.visits.itinerary import Itinerary
from codeblue.workspace import builtin_root

NETWORK = load_population("regional-network", size=6000)
BEGIN = datetime(2025, 6, 2, tzinfo=UTC)
YEARS = (BEGIN - timedelta(days=400), BEGIN + timedelta(days=700))

# What may follow what in one visit, by HL7 v2.5.1 chapter 3; "" is the beginning.
LEGAL = {
    "": {"appointment-booked", "ADT^A04"},
    "appointment-booked": {"ADT^A05", "appointment-fulfilled", "appointment-noshow"},
    "ADT^A05": {"appointment-fulfilled", "appointment-noshow"},
    "appointment-fulfilled": {"ADT^A04"},
    "appointment-noshow": set(),
    "ADT^A04": {"ADT^A01", "ADT^A02", "ADT^A08", "ADT^A03", "ORU^R01"},
    "ADT^A01": {"ADT^A11", "ADT^A02", "ADT^A08", "ADT^A03"},
    "ADT^A11": {"ADT^A01"},
    "ADT^A02": {"ADT^A12", "ADT^A08", "ADT^A03"},
    "ADT^A12": {"ADT^A08", "ADT^A03"},
    "ADT^A08": {"ADT^A03", "ORU^R01"},
    "ADT^A03": {"ADT^A13", "ORU^R01"},
    "ADT^A13": {"ADT^A03"},
    "ORU^R01": set(),
}
BETWEEN_VISITS = {"ADT^A31", "ADT^A40"}


def busy() -> str:
    """A hospital that books its inpatients, and takes back every second thing that it can."""
    path = builtin_root() / "synthetic_data" / "institutions" / "hospital.toml"
    rates = ("updated", "cancelled_admission", "cancelled_transfer", "cancelled_discharge")
    text = "\n".join(
        f"{row.split(' =')[0]} = 0.5" if row.startswith(rates) else row
        for row in path.read_text("utf-8").splitlines()
    )
    return text.replace("booked = false\ntransfers", "booked = true\ntransfers")


def journeys(found: list[Event]) -> dict[tuple[int, int], list[Event]]:
    visits: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in found:
        if event.visit >= 0:
            visits[event.person, event.visit].append(event)
    return visits


def times() -> st.SearchStrategy[datetime]:
    hours = st.integers(-24 * 200, 24 * 300)
    return hours.map(lambda hour: BEGIN + timedelta(hours=hour))


def rows(columns: EventColumns) -> list[list[int]]:
    return [column.tolist() for column in columns.all()]


@pytest.fixture(scope="module")
def everything() -> list[Event]:
    return list(events(NETWORK, *YEARS))


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    workspace = tmp_path_factory.mktemp("busy")
    profile = workspace / "synthetic_data" / "institutions" / "hospital.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text(busy(), "utf-8")
    population = load_population("regional-network", workspace, size=6000)
    return list(events(population, *YEARS))


@given(times(), st.integers(0, 500), st.integers(0, 500))
@settings(max_examples=20, deadline=None)
def test_a_span_cut_in_two_is_the_stream_cut_in_two(
    begin: datetime, first: int, second: int
) -> None:
    middle = begin + timedelta(hours=first)
    end = middle + timedelta(hours=second)
    population = load_population("regional-network", size=700)
    halves = [*event_columns(population, begin, middle), *event_columns(population, middle, end)]
    whole = list(event_columns(population, begin, end))
    assert rows(joined(whole)) == rows(joined(halves)) if whole else not halves


@given(times(), st.integers(1, 900), st.integers(40, 900))
@settings(max_examples=12, deadline=None)
def test_the_stream_is_the_same_for_any_chunk(begin: datetime, hours: int, chunk: int) -> None:
    population = load_population("regional-network", size=800)
    end = begin + timedelta(hours=hours)
    whole, pieces = (
        joined(list(event_columns(population, begin, end, chunk=size))) for size in (4096, chunk)
    )
    assert rows(whole) == rows(pieces)


def test_the_stream_is_the_same_when_it_takes_many_spans(
    everything: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codeblue.patients.visits.events._AT_ONCE", 3000)
    spans = list(event_columns(NETWORK, *YEARS))
    assert len(spans) > 5
    assert max(len(span) for span in spans) < 6000
    assert list(events(NETWORK, *YEARS)) == everything


def test_times_ascend_within_the_span(everything: list[Event]) -> None:
    assert all(one.at <= other.at for one, other in pairwise(everything))
    assert YEARS[0] <= everything[0].at
    assert everything[-1].at < YEARS[1]
    assert all(event.after == (event.at - YEARS[0]).total_seconds() for event in everything)


@pytest.mark.parametrize("source", ["everything", "eventful"])
def test_every_journey_is_legal(source: str, request: pytest.FixtureRequest) -> None:
    found = request.getfixturevalue(source)
    begun = journeys(found)
    # Whoever was on the way at the edges of the span has only a part of the journey in it.
    first, last = YEARS[0] + timedelta(days=190), YEARS[1] - timedelta(days=191)
    whole = {key: each for key, each in begun.items() if first < each[0].at < last}
    assert len(whole) > 5_000
    for each in whole.values():
        for one, other in pairwise(["", *(event.type for event in each)]):
            assert other in LEGAL[one], each
        assert each[-1].type in {"appointment-noshow", "ORU^R01"}


def test_everything_that_can_happen_happens(eventful: list[Event]) -> None:
    assert {event.type for event in eventful} == set(TYPES)


def test_a_visit_stays_at_its_institution_and_in_one_record(everything: list[Event]) -> None:
    for each in journeys(everything).values():
        assert len({(event.institution, event.copy) for event in each}) == 1
    persons = NETWORK.known(0, NETWORK.size)
    for event in everything:
        known = {int(persons.home[event.person]), int(persons.visited[event.person])}
        assert event.institution in known
        assert (event.institution == persons.home[event.person]) == (event.copy != VISITED)
        assert event.copy != DUPLICATE or event.type == "ADT^A31"


def test_the_ward_follows_the_transfers(eventful: list[Event]) -> None:
    seen: Counter[str] = Counter()
    for each in journeys(eventful).values():
        if each[0].type not in LEGAL[""]:
            continue
        now = each[0].ward
        for event in each:
            if event.type == "ADT^A02":
                assert event.ward != now
                now, before = event.ward, now
            elif event.type == "ADT^A12":
                now = before
            assert event.ward == now
            seen[event.type] += 1
    assert seen["ADT^A12"] > 50


def test_events_are_those_of_the_visits() -> None:
    persons = NETWORK.persons(0, NETWORK.size)
    visits = NETWORK.visit(persons, 1)
    found = Counter(
        (event.type, event.person, event.at)
        for event in events(NETWORK, BEGIN, BEGIN + timedelta(days=182))
        if event.visit == 1
    )
    for kind, who, at in (
        ("appointment-noshow", ~visits.kept, visits.ends),
        ("ADT^A04", visits.kept, visits.begins),
    ):
        expected = {
            (kind, int(person), at[person].item().replace(tzinfo=UTC))
            for person in np.flatnonzero(who)
        }
        assert {key for key in found if key[0] == kind} == expected


def test_every_duplicate_is_merged_once_within_the_days_of_its_institution(
    everything: list[Event],
) -> None:
    merged = {event.person: event for event in everything if event.type == "ADT^A40"}
    assert len(merged) == sum(event.type == "ADT^A40" for event in everything)
    persons = NETWORK.persons(0, NETWORK.size)
    twice = [NETWORK.records(persons, number) for number in range(3)]
    assert set(merged) == {
        p for each in twice for p in each.person[each.copy == DUPLICATE].tolist()
    }
    for event in merged.values():
        days = NETWORK.institutions[event.institution].profile.journeys.merge_days
        assert BEGIN <= event.at < BEGIN + timedelta(days=days)
        assert event.copy == HOME


def test_every_duplicate_is_told_of_once_before_the_reference_date(
    everything: list[Event],
) -> None:
    told = [event for event in everything if event.copy == DUPLICATE]
    merged = [event.person for event in everything if event.type == "ADT^A40"]
    assert sorted(event.person for event in told) == sorted(merged)
    assert all(event.at < BEGIN for event in told)


def test_people_move_as_often_as_the_profile_says(everything: list[Event]) -> None:
    since = [event for event in everything if event.type == "ADT^A31" and event.at >= BEGIN]
    yearly = len(since) / NETWORK.size / 700 * 365
    assert yearly == pytest.approx(0.115, rel=0.1)


def test_a_clean_population_merges_nothing() -> None:
    pilot = load_population("pilot-clinic")
    found = events(pilot, BEGIN, BEGIN + timedelta(days=365))
    assert not [event for event in found if event.type == "ADT^A40"]


def test_the_past_is_what_the_stream_held_until_the_reference_date(
    everything: list[Event],
) -> None:
    persons = NETWORK.persons(0, NETWORK.size)
    past = Itinerary(NETWORK).past(persons).in_order()
    types = [TYPES[index] for index in past.type.tolist()]
    told = list(zip(past.at.tolist(), types, past.person.tolist(), strict=True))
    streamed = [
        (int(event.at.timestamp()), event.type, event.person)
        for event in everything
        if event.at < BEGIN and event.visit < NETWORK.visits
    ]
    assert [each for each in told if each[0] >= YEARS[0].timestamp()] == streamed
    results = Itinerary(NETWORK).past(persons, ("ORU^R01",))
    assert len(results) == types.count("ORU^R01")


def test_times_without_a_zone_are_utc() -> None:
    naive = BEGIN.replace(tzinfo=None)
    aware = list(islice(events(NETWORK, BEGIN, BEGIN + timedelta(days=1)), 50))
    assert list(islice(events(NETWORK, naive, naive + timedelta(days=1)), 50)) == aware


def test_a_population_of_many_millions_needs_no_more_memory_than_its_events() -> None:
    """Ten minutes of it: the persons are looked through, and none of them is kept."""
    import tracemalloc

    population = load_population("national", size=400_000)
    tracemalloc.start()
    (columns,) = event_columns(population, BEGIN, BEGIN + timedelta(minutes=10))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(columns) > 30
    assert peak < 30_000_000
