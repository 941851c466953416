from __future__ import annotations

from pathlib import Path

import pytest

from codeblue.errors import UsageError
from codeblue.load import LoadPlan
from codeblue.load.breakpoint import Search
from codeblue.load.planning.profile import profiles, read_plan
from codeblue.load.recovery import Promise

WHOLE = """
title = "All that a profile can say"
shape = { kind = "steps", levels = [[1, 10], [5, 10], [1, 20]] }
arrivals = "constant"
users = 7
drain = 1
lateness_bound = 0.05

[journeys]
booking = 2

[journeys.noisy]
journey = "chart-review"
tenant = "riverside"
rate = 3
shape = { kind = "ramp", start = 0, end = 1, seconds = 40 }

[objectives]
noisy = { availability = 99.5, p99 = "300ms" }

[recovery]
calm = [1, 10]
spike_ends = 20
within = "8s"

[search]
start = 20
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "some.toml"
    path.write_text(text)
    return path


def read(path: Path, workers: int = 1) -> LoadPlan:
    return read_plan(path, label="some", seed=7, workers=workers)


def test_a_profile_is_the_fields_of_a_plan(tmp_path: Path) -> None:
    plan = read(write(tmp_path, WHOLE), workers=3)
    assert (plan.label, plan.seed, plan.workers) == ("some", 7, 3)
    assert (plan.title, plan.seconds) == ("All that a profile can say", 40)
    assert (plan.arrivals, plan.users, plan.drain) == ("constant", 7, 1)
    assert plan.journeys["noisy"].tenant == "riverside"
    assert plan.journeys["noisy"].shape == ((0, 0), (40, 1))
    assert plan.objectives["noisy"].p99 == 0.3
    assert plan.recovery == Promise(calm=(1, 10), spike_ends=20, within=8)
    assert plan.search == Search(start=20)
    assert LoadPlan.model_validate_json(plan.model_dump_json()) == plan


def test_the_bounds_of_a_profile_grow_with_the_workers(tmp_path: Path) -> None:
    path = write(tmp_path, "seconds = 5\n[journeys]\nbooking = 9000")
    with pytest.raises(UsageError, match="peak of 9000"):
        read(path)
    assert read(path, workers=2).total_rate == 9000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seconds = 5\n[journeys]\nbooking = 0", "some.toml:3: journeys.booking.rate: .* than 0"),
        ("seconds =", "cannot be read as TOML"),
        ("seconds = 5\nlabel = 'x'", 'some.toml:2: "label" is not for a profile to say'),
        ("seconds = 5\nshap = 5\n[journeys]\nx = 1", 'toml:2: "shap" is not known. .*"shape"'),
        ("seconds = 5\njourneys = 3", "not a table"),
        ("seconds = 5", "journeys: .*at least 1"),
        ("[journeys]\nbooking = 1", "how long it lasts. Add `seconds`"),
        ("seconds = 5\nmix = 'hospital'", "`rate` .* belong together"),
        ("seconds = 5\nrate = 3", "`rate` .* belong together"),
        ("seconds = 5\nmix = 'hospitals'\nrate = 3", 'Did you mean "hospital"'),
        ("[replay]\npopulation = 'x'\n[replay.journeys]\na = 'b'", "toml:1: replay.speed: Field"),
        ("shape = { kind = 'day' }\n[journeys]\nx = 1", "toml:1: shape.seconds: Missing"),
        ("seconds = 5\n[journeys]\nx = 1\n[search]\nstart = 3\nstop = 4", "toml:6: .*Remove it"),
    ],
)
def test_a_wrong_profile_says_where_and_what(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(write(tmp_path, text))


def test_a_profile_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read(tmp_path / "none.toml")


def test_rates_of_its_own_stand_beside_a_mix(tmp_path: Path) -> None:
    text = "seconds = 5\nmix = 'laboratory'\nrate = 10\n[journeys]\nnightly-batch = 0.5\n"
    plan = read(write(tmp_path, f"{text}patient-portal = 2"))
    assert plan.journeys["nightly-batch"].rate == 0.5
    assert plan.journeys["patient-portal"].rate == 2
    assert plan.journeys["laboratory"].rate == pytest.approx(10 * 1.0 / 1.8)


def test_a_profile_of_the_workspace_comes_first(tmp_path: Path) -> None:
    (tmp_path / "codeblue.toml").touch()
    folder = tmp_path / "scenarios" / "load"
    folder.mkdir(parents=True)
    for name in ("pilot", "own", "_draft"):
        (folder / f"{name}.toml").touch()
    found = profiles(tmp_path)
    assert found["pilot"] == folder / "pilot.toml"
    assert found["own"] == folder / "own.toml"
    assert found["spike"].is_file()
    assert "_draft" not in found
