from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from codeblue.load import LoadPlan, Stream
from codeblue.load.breakpoint import Breakpoint, Outcome, Search, Verdict, find_breakpoint

RATES = st.floats(1, 1000)
VERDICTS: st.SearchStrategy[Verdict] = st.sampled_from(get_args(Verdict))
SEARCHES = st.builds(
    Search,
    start=RATES,
    lowest=st.just(1.0),
    highest=st.just(1000.0),
    precision=st.floats(0.02, 0.5),
    confirmations=st.integers(1, 4),
    trials=st.just(200),
)


def platform(capacity: float, *, generator: float = 1e9) -> Callable[[float], Outcome]:
    """Holds below its capacity, and cannot be asked for more than the generator can do."""

    def trial(rate: float) -> Outcome:
        if rate > generator:
            return Outcome("inconclusive", "the generator was late")
        return Outcome("held") if rate < capacity else Outcome("broke", "p99")

    return trial


def with_lies(
    honest: Callable[[float], Outcome], lies: dict[int, Verdict]
) -> Callable[[float], Outcome]:
    """Trials of which some, by their number, come out as ``lies`` says."""
    number = count()

    def trial(rate: float) -> Outcome:
        lie = lies.get(next(number))
        return Outcome(lie) if lie else honest(rate)

    return trial


@given(st.floats(1.1, 999), SEARCHES)
def test_the_breakpoint_is_in_the_interval_that_is_as_narrow_as_asked(
    capacity: float, search: Search
) -> None:
    found = find_breakpoint(platform(capacity), search)
    assert found.complete
    assert found.limit == "platform"
    assert found.held is not None
    assert found.broke is not None
    assert found.held < capacity <= found.broke
    assert found.broke <= found.held * (1 + search.precision)


@given(SEARCHES, st.floats(1.1, 999))
def test_both_ends_were_tried_as_often_as_asked(search: Search, capacity: float) -> None:
    found = find_breakpoint(platform(capacity), search)
    for end in (found.held, found.broke):
        assert sum(trial.rate == end for trial in found.trials) == search.confirmations


@given(st.floats(1.1, 999), SEARCHES, st.data())
def test_fewer_wrong_outcomes_than_confirmations_change_nothing(
    capacity: float, search: Search, data: st.DataObject
) -> None:
    most = search.confirmations - 1
    lies = data.draw(st.dictionaries(st.integers(0, 40), VERDICTS, max_size=most))
    found = find_breakpoint(with_lies(platform(capacity), lies), search)
    assert found.complete
    assert found.held is not None
    assert found.broke is not None
    assert found.held < capacity <= found.broke
    assert found.broke <= found.held * (1 + search.precision)


@given(st.floats(1.1, 999), SEARCHES)
def test_the_generators_own_limit_is_never_the_platforms(limit: float, search: Search) -> None:
    found = find_breakpoint(platform(1e6, generator=limit), search)
    assert found.complete
    assert found.limit == "generator"
    assert found.broke is None
    assert found.held is not None
    assert found.held <= limit < found.held * (1 + search.precision) + 1e-9
    assert found.sentence.endswith("arrivals/s; the generator can do no more")


@given(st.floats(1.1, 999), st.floats(1.1, 999), SEARCHES)
def test_what_is_said_to_break_did_break(capacity: float, limit: float, search: Search) -> None:
    found = find_breakpoint(platform(capacity, generator=limit), search)
    assert found.complete
    assert found.held is not None
    assert found.held < capacity
    if found.broke is not None:
        assert capacity <= found.broke <= limit
    if found.limit == "platform":
        assert found.broke is not None
        assert found.broke <= found.held * (1 + search.precision)
    elif capacity < limit:
        assert limit <= capacity * (1 + search.precision)


@given(SEARCHES)
def test_a_platform_that_holds_everything_ends_at_the_highest_rate(search: Search) -> None:
    found = find_breakpoint(platform(1e9), search)
    assert (found.held, found.broke, found.limit) == (search.highest, None, "search")
    assert found.complete
    assert found.sentence == "the objectives are met at 1,000 arrivals/s, the highest rate to try"


@given(SEARCHES)
def test_a_platform_that_holds_nothing_breaks_at_the_lowest_rate(search: Search) -> None:
    found = find_breakpoint(platform(0), search)
    assert (found.held, found.broke, found.limit) == (None, search.lowest, "platform")
    assert found.sentence == "the objectives are not even met at 1 arrivals/s"


@given(SEARCHES)
def test_a_generator_that_can_do_nothing_proves_nothing(search: Search) -> None:
    found = find_breakpoint(platform(100, generator=0), search)
    assert (found.held, found.broke, found.limit) == (None, None, "generator")
    assert found.sentence == "the generator could do none of the rates"


@given(st.floats(1.1, 999), SEARCHES, st.integers(1, 12))
def test_a_search_that_is_cut_short_says_so(capacity: float, search: Search, trials: int) -> None:
    whole = find_breakpoint(platform(capacity), search)
    short = find_breakpoint(platform(capacity), search.model_copy(update={"trials": trials}))
    assert short.trials == whole.trials[:trials]
    assert short.complete == (len(whole.trials) <= trials)
    assert ("not confirmed" in short.sentence) == (not short.complete)


def queue(per_second: float, promised: float) -> Callable[[float], Outcome]:
    """Serves Poisson arrivals one by one, and is promised to answer 99 % within some seconds."""
    usual = LoadPlan(label="usual", journeys={"booking": Stream(rate=1)}, seconds=60)
    seeds = count()

    def trial(rate: float) -> Outcome:
        due = usual.at(rate, label="trial", seed=next(seeds)).schedule().due
        served = np.arange(1, len(due) + 1) / per_second
        waits = np.maximum.accumulate(due - served + 1 / per_second) + served - due
        p99 = float(np.percentile(waits, 99, method="inverted_cdf"))
        return Outcome("held") if p99 <= promised else Outcome("broke", f"p99 {p99:.3f} s")

    return trial


@pytest.mark.parametrize("capacity", [20.0, 70.0, 300.0])
def test_the_breakpoint_of_a_queue_is_near_its_capacity_and_falls_with_it(capacity: float) -> None:
    healthy = find_breakpoint(queue(capacity, promised=20 / capacity), Search(start=25))
    broken = find_breakpoint(queue(capacity / 2, promised=40 / capacity), Search(start=25))
    for found, known in ((healthy, capacity), (broken, capacity / 2)):
        assert found.complete
        assert found.held is not None
        assert found.broke is not None
        assert 0.7 * known < found.held < found.broke < 1.15 * known
    assert healthy.held is not None
    assert broken.broke is not None
    assert broken.broke < healthy.held


def test_a_search_costs_few_trials() -> None:
    found = find_breakpoint(platform(137), Search(start=25))
    assert len(found.trials) <= 10
    assert found.sentence == "the objectives are met at 130 arrivals/s, and not at 141/s"


def test_every_trial_is_kept_with_its_reason() -> None:
    found: Breakpoint = find_breakpoint(platform(30), Search(start=25))
    assert [trial.rate for trial in found.trials][:2] == [25, 50]
    assert found.trials[1].outcome == Outcome("broke", "p99")


@pytest.mark.parametrize(
    "fields", [{"start": 0.5}, {"start": 5000.0}, {"start": 10.0, "lowest": 20.0}]
)
def test_a_search_that_starts_outside_its_bounds_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="not between"):
        Search.model_validate(fields)
