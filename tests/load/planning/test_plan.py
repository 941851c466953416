from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codeblue.errors import UsageError
from codeblue.load import LoadPlan
from codeblue.load.planning.plan import Stream, journey_files

WORKSPACE = Path(__file__).parents[2]


def plan(**fields: object) -> LoadPlan:
    return LoadPlan.model_validate(
        {"label": "usual", "journeys": {"chart-review": 10}, "seconds": 5} | fields
    )


FACTORS = st.floats(0, 20)
SHAPES = st.tuples(FACTORS, FACTORS, FACTORS).map(
    lambda factors: ((0.0, factors[0]), (2.0, factors[1]), (5.0, factors[2]))
)
TIMES = st.lists(st.floats(0, 5), min_size=1, max_size=30).map(lambda times: tuple(sorted(times)))
STREAMS = st.builds(Stream, rate=st.floats(0.1, 10), shape=st.none() | SHAPES) | st.builds(
    Stream, rate=st.floats(0.1, 10), times=TIMES
)
NAMES = st.text("abc", min_size=1, max_size=3)
PLANS = st.builds(
    LoadPlan,
    label=st.just("any"),
    journeys=st.dictionaries(NAMES, STREAMS, min_size=1, max_size=5),
    arrivals=st.sampled_from(["poisson", "constant"]),
    shape=st.none() | SHAPES,
    seconds=st.just(5.0),
    seed=st.integers(0, 2**64),
)


@given(PLANS)
def test_a_schedule_has_every_arrival_of_every_stream_in_order(any_plan: LoadPlan) -> None:
    schedule = any_plan.schedule()
    assert (schedule.due.dtype.name, schedule.stream.dtype.name) == ("float64", "uint16")
    assert (np.diff(schedule.due) >= 0).all()
    assert len(schedule) == sum(len(any_plan.due(name)) for name in any_plan.journeys)
    for number, name in enumerate(any_plan.journeys):
        assert (schedule.due[schedule.stream == number] == any_plan.due(name)).all()


@given(PLANS)
def test_a_stream_and_a_due_time_name_one_arrival(any_plan: LoadPlan) -> None:
    for name in any_plan.journeys:
        assert (np.diff(any_plan.due(name)) > 0).all()


@given(PLANS, st.integers(2, 9))
def test_the_schedule_is_the_same_wherever_and_however_often_it_is_made(
    before: LoadPlan, workers: int
) -> None:
    after = LoadPlan.model_validate_json(before.model_dump_json())
    shared = before.model_copy(update={"workers": workers})
    assert after == before
    for other in (after.schedule(), shared.schedule()):
        assert other.due.tobytes() == before.schedule().due.tobytes()
        assert other.stream.tobytes() == before.schedule().stream.tobytes()


@given(PLANS, STREAMS)
def test_another_stream_moves_no_arrival_of_the_others(before: LoadPlan, more: Stream) -> None:
    after = before.model_copy(update={"journeys": {"more": more, **before.journeys}})
    for name in before.journeys:
        assert (after.due(name) == before.due(name)).all()


@given(PLANS, st.floats(0.1, 4))
def test_a_plan_at_another_rate_keeps_its_mix(before: LoadPlan, factor: float) -> None:
    rate = factor * before.total_rate
    if any(stream.times for stream in before.journeys.values()):
        with pytest.raises(ValueError, match="replay"):
            before.at(rate, label="other")
        return
    after = before.at(rate, label="other")
    assert after.label == "other"
    assert after.total_rate == pytest.approx(rate)
    for name, stream in before.journeys.items():
        assert after.journeys[name].rate == pytest.approx(factor * stream.rate)
        assert after.journeys[name].shape == stream.shape
    assert after.model_copy(update={"label": "any", "journeys": before.journeys}) == before
    assert before.at(rate, label="other", seed=9) == after.model_copy(update={"seed": 9})


def test_a_bare_number_is_the_rate_of_the_journey_of_that_name() -> None:
    both = plan(journeys={"booking": 3, "charts": {"journey": "chart-review", "rate": 2}})
    assert both.journeys["booking"] == Stream(rate=3, journey="booking")
    assert both.journeys["charts"].journey == "chart-review"
    assert both == plan(journeys={"booking": Stream(rate=3), "charts": both.journeys["charts"]})


def test_a_stream_can_have_a_shape_of_its_own() -> None:
    both = plan(
        journeys={
            "usual": {"journey": "booking", "rate": 10},
            "noisy": {"journey": "booking", "rate": 10, "shape": [[0, 0], [4, 0], [4, 5], [5, 5]]},
        },
        arrivals="constant",
        shape=[[0, 2], [5, 2]],
    )
    assert len(both.due("usual")) == 100
    assert len(both.due("noisy")) == 50
    assert both.due("noisy").min() >= 4


def test_a_replay_comes_at_its_times() -> None:
    replay = plan(
        journeys={"booking": {"rate": 1, "times": [1.0, 1.0, 2.5]}}, shape=[[0, 9], [5, 9]]
    )
    assert replay.due("booking").tolist() == [1.0, np.nextafter(1.0, 2), 2.5]
    assert replay.rate("booking").total == 3


def test_a_load_lasts_as_long_as_its_shape() -> None:
    shape = {"kind": "spike", "peak": 10, "before": 1, "during": 2, "after": 3}
    spike = LoadPlan.model_validate({"label": "x", "journeys": {"booking": 1}, "shape": shape})
    assert spike.seconds == 6
    assert spike.shape == ((0, 1), (1, 1), (1, 10), (3, 10), (3, 1), (6, 1))


def test_a_shape_multiplies_the_rates() -> None:
    shaped = plan(arrivals="constant", shape=[[0, 1], [2, 1], [2, 5], [5, 5]])
    assert len(shaped.due("chart-review")) == 2 * 10 + 3 * 50


def test_journeys_of_one_rate_do_not_arrive_together() -> None:
    two = plan(journeys={"booking": 10, "ordering": 10})
    assert set(two.due("booking")).isdisjoint(two.due("ordering"))


def test_the_pool_is_wide_enough_for_slow_answers() -> None:
    assert plan().pool("chart-review") == 20
    assert plan(users=4).pool("chart-review") == 4
    assert plan(journeys={"chart-review": 0.1}).pool("chart-review") == 5
    assert plan(journeys={"chart-review": 400}).pool("chart-review") == 200


def test_the_pool_grows_with_the_workers_and_leaves_none_without_a_user() -> None:
    assert plan(journeys={"chart-review": 400}, workers=3).pool("chart-review") == 600
    assert plan(users=2, workers=8).pool("chart-review") == 8


def test_the_pool_of_a_replay_is_wide_enough_for_its_busiest_seconds() -> None:
    times = [0.5, *(3 + n / 100 for n in range(60))]
    replay = plan(journeys={"booking": {"rate": len(times) / 5, "times": times}})
    assert replay.pool("booking") == 60


def test_every_worker_adds_to_what_is_allowed() -> None:
    assert plan(journeys={"chart-review": 9_000}, workers=2).rate("chart-review").peak == 9_000


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"journeys": {"chart-review": 50_000}}, "peak"),
        ({"journeys": {"chart-review": 4_000}, "seconds": 3600}, "arrivals are more"),
        ({"journeys": {"chart-review": -1}}, "greater than 0"),
        ({"journeys": {}}, "at least 1"),
        ({"label": "../up"}, "pattern"),
        ({"shape": [[0, 1], [4, 1]]}, "not at `seconds`"),
        ({"shape": [[0, 1], [5, -1]]}, "not negative"),
        ({"user": 3}, "Extra"),
        ({"seconds": None}, "valid number"),
        ({"shape": {"kind": "spike"}}, "before"),
        ({"shape": 7}, "valid tuple"),
        ({"journeys": [1]}, "valid dictionary"),
        ({"journeys": {"chart-review": {"rates": 3}}}, "rate"),
        ({"journeys": {"chart-review": {"rate": 1, "shape": [[0, 1], [4, 1]]}}}, "not at"),
        ({"journeys": {"chart-review": {"rate": 1, "times": [1, 6]}}}, "after the end"),
        ({"journeys": {"chart-review": {"rate": 1, "times": [2, 1]}}}, "not stand in order"),
        ({"journeys": {"x": {"rate": 1, "times": [1], "shape": [[0, 1], [5, 1]]}}}, "no `shape`"),
        ({"journeys": {"x": {"rate": 1, "times": [1]}}, "search": {"start": 2}}, "none to search"),
        ({"search": {"start": 2, "highest": 6000}}, "peak of 6000"),
        ({"objectives": {"chart-revue": {}}}, 'Did you mean "chart-review"'),
        ({"recovery": {"calm": [0, 1], "spike_ends": 2}}, "ends before"),
        ({"recovery": {"calm": [3, 1], "spike_ends": 2, "within": 1}}, "calm is not before"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        plan(**fields)


def test_an_unknown_journey_names_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r'"chart-revue"\. Did you mean "chart-review"'):
        journey_files(plan(journeys={"chart-revue": 1}), WORKSPACE)


def test_a_journey_of_the_workspace_comes_first(tmp_path: Path) -> None:
    (tmp_path / "codeblue.toml").touch()
    own = tmp_path / "scenarios" / "journeys" / "chart_review.py"
    own.parent.mkdir(parents=True)
    own.touch()
    files = journey_files(plan(journeys={"chart-review": 1, "booking": 1}), tmp_path)
    assert files["chart-review"] == own
    assert files["booking"] != own.with_name("booking.py")
    assert files["booking"].is_file()


def test_a_stream_runs_the_journey_that_it_names() -> None:
    files = journey_files(
        plan(journeys={"noisy": {"journey": "chart-review", "rate": 1}}), WORKSPACE
    )
    assert {name: path.name for name, path in files.items()} == {"noisy": "chart_review.py"}
