from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from pydantic import ValidationError

from codeblue.errors import UsageError
from codeblue.load import LoadPlan
from codeblue.load.planning.replay import Replay, replayed
from codeblue.patients import load_population
from codeblue.patients.visits.events import events
from codeblue.workspace import builtin_root

CLINIC = builtin_root() / "synthetic_data/populations/pilot-clinic.toml"
JOURNEYS = {"ADT^A04": "eligibility", "ADT^A03": "discharge", "appointment-booked": "booking"}
MONDAY = datetime(2025, 6, 2, tzinfo=UTC)


def replay(**given: object) -> Replay:
    fields = {"population": str(CLINIC), "hours": 120, "speed": 36_000, "journeys": JOURNEYS}
    return Replay.model_validate(fields | given)


def test_arrivals_come_as_the_events_of_the_population_came() -> None:
    played = replay()
    streams = replayed(played)
    happened = list(events(load_population(str(CLINIC)), MONDAY, MONDAY + timedelta(hours=120)))
    assert played.seconds == 12
    assert set(streams) == {"eligibility", "discharge", "booking"}
    for event, journey in JOURNEYS.items():
        due = [each.after / 36_000 for each in happened if each.type == event]
        assert streams[journey].times == tuple(due)
        assert streams[journey].rate == pytest.approx(len(due) / 12)


def test_events_that_lead_to_one_journey_are_one_stream_in_order() -> None:
    both = replayed(replay(journeys={"ADT^A04": "desk", "ADT^A03": "desk"}))["desk"]
    apart = replayed(replay())
    assert both.times is not None
    assert apart["eligibility"].times is not None
    assert apart["discharge"].times is not None
    assert both.times == tuple(sorted(apart["eligibility"].times + apart["discharge"].times))


def test_a_replay_is_a_plan_that_survives_json() -> None:
    before = LoadPlan(label="day", journeys=replayed(replay()), seconds=12, seed=1)
    after = LoadPlan.model_validate_json(before.model_dump_json())
    assert after.schedule().due.tobytes() == before.schedule().due.tobytes()
    other = before.model_copy(update={"seed": 2})
    assert other.schedule().due.tobytes() == before.schedule().due.tobytes()


def test_the_begin_is_a_moment_in_any_zone() -> None:
    naive = replayed(replay(begin="2025-06-02T12:00:00"))["eligibility"].times
    utc = replayed(replay(begin="2025-06-02T12:00:00Z"))["eligibility"].times
    zone = timezone(timedelta(hours=-5))
    there = datetime(2025, 6, 2, 7, tzinfo=zone)
    elsewhere = replayed(replay(begin=there))["eligibility"].times
    assert naive == utc == elsewhere
    assert naive != replayed(replay())["eligibility"].times


def test_arrivals_are_within_the_load() -> None:
    for stream in replayed(replay(hours=1000, speed=1e6)).values():
        assert stream.times is not None
        assert np.all(np.diff(stream.times) >= 0)
        assert 0 <= stream.times[0] <= stream.times[-1] < 3.6


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"population": "pilot-clinics"}, 'Did you mean "pilot-clinic"'),
        ({"journeys": {"ADT^A4": "x"}}, r'no event "ADT\^A4". Did you mean'),
        ({"journeys": {"ADT^A12": "x"}}, "nothing happens within 120 hours"),
    ],
)
def test_a_replay_of_nothing_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        replayed(replay(**given))


@pytest.mark.parametrize("given", [{"speed": 0}, {"hours": 0}, {"journeys": {}}, {"seed": 3}])
def test_a_replay_that_cannot_be_meant_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        replay(**given)
