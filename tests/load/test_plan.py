from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from codeblue.errors import UsageError
from codeblue.load import LoadPlan, read_plan
from codeblue.load.plan import journey_files

WORKSPACE = Path(__file__).parents[2]


def plan(**fields: object) -> LoadPlan:
    return LoadPlan.model_validate(
        {"label": "usual", "journeys": {"chart-review": 10}, "seconds": 5} | fields
    )


def test_a_plan_survives_json() -> None:
    before = plan(shape=[[0, 1], [5, 2]], seed=3)
    after = LoadPlan.model_validate_json(before.model_dump_json())
    assert after == before
    assert (after.due("chart-review") == before.due("chart-review")).all()


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


@pytest.mark.parametrize("name", ["pilot", "spike"])
def test_the_profiles_that_ship_are_plans(name: str) -> None:
    profile = read_plan(WORKSPACE / f"scenarios/load/{name}.toml", label=name, seed=1)
    assert set(journey_files(profile, WORKSPACE)) == set(profile.journeys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seconds = 5\n[journeys]\nbooking = 0", "journeys.booking: .*greater than 0"),
        ("seconds =", "Invalid value"),
        ("label = 'x'", "multiple values"),
    ],
)
def test_a_wrong_profile_says_where(tmp_path: Path, text: str, words: str) -> None:
    profile = tmp_path / "wrong.toml"
    profile.write_text(text)
    with pytest.raises(UsageError, match=rf"wrong.toml: .*{words}"):
        read_plan(profile, label="x", seed=0)
