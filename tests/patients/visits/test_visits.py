from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeblue.patients import load_population
from codeblue.patients.draws import Bools, Draws
from codeblue.patients.institutions import WORKFLOWS, Institution
from codeblue.patients.institutions.habits import Surge
from codeblue.patients.people.persons import Known
from codeblue.patients.visits import LONG_LEAD, PERIOD, Calendar, Visits

NETWORK = load_population("regional-network")
CLINIC, HOSPITAL, TELEHEALTH = NETWORK.institutions
REFERENCE = date(2025, 6, 1)
EVENING = np.datetime64("2025-06-02", "s")  # the end of the reference date


def calendar(
    *institutions: Institution, seed: int = 1, past: int = 3, surges: tuple[Surge, ...] = ()
) -> Calendar:
    return Calendar(institutions, Draws(seed), REFERENCE, past, surges)


def adults(count: int, institutions: int = 1, start: int = 0) -> Known:
    """Persons of 40 years, as many at each institution; none is known to two."""
    return Known(
        start=start,
        birth_date=np.full(count, np.datetime64("1985-03-04", "D")),
        home=np.arange(start, start + count) % institutions,
        visited=np.full(count, -1),
    )


def same(one: Visits, other: Visits, rows: Bools | slice = slice(None)) -> bool:
    fields = ("institution", "workflow", "booked_at", "begins", "ends", "kept", "ward", "transfer")
    return all((getattr(one, f) == getattr(other, f)[rows]).all() for f in fields)


def odds(missed: Bools) -> float:
    return float(missed.mean() / (1 - missed.mean()))


def booked(visits: Visits, plan: Calendar) -> Bools:
    return plan.is_booked(visits)


@given(st.integers(0, 90_000), st.integers(1, 200), st.integers(0, 4), st.data())
@settings(max_examples=30, deadline=None)
def test_a_visit_is_a_pure_function_of_seed_person_and_number(
    start: int, count: int, number: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, count - 1))
    wanted = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    plan, known = NETWORK.calendar, NETWORK.known(start, start + count)
    whole = plan.visit(known, number)
    later = plan.visit(NETWORK.known(start + cut, start + count), number)
    assert same(later, whole, slice(cut, None))
    assert same(plan.visit(known, number, np.flatnonzero(wanted)), whole, wanted)
    assert (plan.begins(known, number) == whole.begins).all()
    times = zip(plan.times(known, number), (whole.booked_at, whole.begins, whole.ends), strict=True)
    assert all((one == other).all() for one, other in times)


@given(st.integers(0, 2**32), st.integers(0, 1200))
@settings(max_examples=40, deadline=None)
def test_visits_follow_each_other_after_birth_and_the_past_ones_before_the_reference_date_ends(
    seed: int, youngest: int
) -> None:
    """Also for those who were born in the last hours."""
    plan = calendar(CLINIC, HOSPITAL, TELEHEALTH, seed=seed)
    age_in_days = np.arange(300) * 3 // 2 + youngest
    born = np.datetime64(REFERENCE, "D") - age_in_days
    born[:10] = np.datetime64(REFERENCE, "D")
    known = Known(start=0, birth_date=born, home=np.arange(300) % 3, visited=np.full(300, -1))
    before = born.astype("datetime64[s]")
    for number in range(6):
        visits = plan.visit(known, number)
        assert (before <= visits.begins).all()
        assert (visits.begins < visits.ends).all()
        assert (born <= visits.booked_at).all()
        assert (visits.booked_at <= visits.begins).all()
        assert ((visits.ends <= EVENING) == (number < plan.past)).all()
        assert number < plan.past or (visits.begins >= EVENING).all()
        before = visits.ends


def test_an_adult_has_one_visit_in_every_half_year() -> None:
    plan, known = calendar(CLINIC), adults(3000)
    for number in range(5):
        since = (plan.begins(known, number) - EVENING).astype(np.int64)
        assert (since // PERIOD == number - plan.past).all()


@pytest.mark.parametrize("institution", NETWORK.institutions, ids=lambda each: each.profile.title)
def test_workflows_come_in_the_mix_of_the_institution(institution: Institution) -> None:
    counted = np.bincount(calendar(institution).visit(adults(40_000), 1).workflow, minlength=5)
    shares = institution.profile.workflows
    total = sum(habit.share for habit in shares.values())
    for index, name in enumerate(WORKFLOWS):
        expected = shares[name].share / total if name in shares else 0.0
        assert counted[index] / 40_000 == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("institution", NETWORK.institutions, ids=lambda each: each.profile.title)
@pytest.mark.parametrize("number", [0, 1, 4])
def test_the_mean_no_show_rate_is_that_of_the_profile(
    institution: Institution, number: int
) -> None:
    plan = calendar(institution)
    visits = plan.visit(adults(60_000), number)
    missed = ~visits.kept[booked(visits, plan)]
    assert missed.mean() == pytest.approx(institution.profile.appointments.no_show, abs=0.01)
    assert visits.kept[~booked(visits, plan)].all()


def test_the_odds_of_a_no_show_are_those_of_the_profile() -> None:
    plan, known = calendar(CLINIC), adults(300_000)
    before, visits = plan.visit(known, 1), plan.visit(known, 2)
    lead = (visits.begins - visits.booked_at).astype(np.int64)
    appointment, long_lead, prior = booked(visits, plan), lead > LONG_LEAD, ~before.kept
    figures = CLINIC.profile.appointments
    for other in (False, True):
        with_lead, without_lead = (
            ~visits.kept[appointment & (long_lead == each) & (prior == other)]
            for each in (True, False)
        )
        assert odds(with_lead) / odds(without_lead) == pytest.approx(
            figures.odds_long_lead, rel=0.12
        )
        after, not_after = (
            ~visits.kept[appointment & (long_lead == other) & (prior == each)]
            for each in (True, False)
        )
        assert odds(after) / odds(not_after) == pytest.approx(figures.odds_prior_no_show, rel=0.12)


def test_appointments_lie_in_the_hours_and_on_the_days_of_the_profile() -> None:
    visits = calendar(CLINIC).visit(adults(20_000), 1)
    outpatient = visits.begins[visits.workflow == WORKFLOWS.index("outpatient")]
    hour = (outpatient - outpatient.astype("datetime64[D]")).astype(np.int64) // 3600
    weekday = (outpatient.astype("datetime64[D]").astype(np.int64) + 3) % 7
    habit = CLINIC.profile.workflows["outpatient"]
    for found, weights in ((hour, habit.hours), (weekday, habit.days)):
        shares = np.bincount(found, minlength=len(weights)) / len(found)
        assert shares.tolist() == pytest.approx([w / sum(weights) for w in weights], abs=0.015)


def test_clocks_stand_at_the_offset_of_the_institution() -> None:
    habits = {"utc_offset_minutes": -480}
    west = Institution("West", CLINIC.profile.model_copy(update=habits), 1.0)
    here, there = (calendar(each).visit(adults(5000), 1) for each in (CLINIC, west))
    moved = (there.begins - here.begins).astype(np.int64) % 86_400
    assert np.bincount(moved).argmax() == 8 * 3600
    assert (moved == 8 * 3600).mean() > 0.99


def test_stays_have_the_length_of_the_profile() -> None:
    visits = calendar(HOSPITAL).visit(adults(120_000), 1)
    minutes = (visits.ends - visits.begins).astype(np.int64) / 60
    for name, habit in HOSPITAL.profile.workflows.items():
        found = minutes[visits.workflow == WORKFLOWS.index(name)]
        assert np.median(found) == pytest.approx(habit.minutes, rel=0.06)
        assert np.quantile(found, 0.8413) == pytest.approx(habit.minutes * habit.spread, rel=0.08)


def test_wards_take_their_workflows_by_weight_and_transfers_lead_elsewhere() -> None:
    visits = calendar(HOSPITAL).visit(adults(120_000), 1)
    wards = HOSPITAL.profile.wards
    for index, ward in enumerate(wards):
        came = {
            WORKFLOWS[each]
            for each in np.flatnonzero(np.bincount(visits.workflow[visits.ward == index]))
        }
        assert came == set(ward.workflows)
    inpatient = visits.workflow == WORKFLOWS.index("inpatient")
    weights = {index: w.weight for index, w in enumerate(wards) if "inpatient" in w.workflows}
    for index, weight in weights.items():
        share = (visits.ward[inpatient] == index).mean()
        assert share == pytest.approx(weight / sum(weights.values()), abs=0.02)
    moved = visits.transfer >= 0
    assert not (moved & ~inpatient).any()
    assert (visits.transfer[moved] != visits.ward[moved]).all()
    assert set(visits.transfer[moved].tolist()) == set(weights)
    transfers = HOSPITAL.profile.workflows["inpatient"].transfers
    assert moved[inpatient].mean() == pytest.approx(transfers, abs=0.02)


def test_who_is_known_elsewhere_goes_there_for_a_quarter_of_the_visits() -> None:
    persons = NETWORK.persons(0, 40_000)
    visits = NETWORK.visit(persons, 0)
    away = visits.institution != persons.home
    shared = persons.visited >= 0
    assert not away[~shared].any()
    assert (visits.institution[away] == persons.visited[away]).all()
    assert away[shared].mean() == pytest.approx(0.25, abs=0.02)


def test_a_surge_multiplies_the_visits_of_its_weeks() -> None:
    surge = Surge(workflow="telehealth", begins=date(2025, 3, 24), weeks=4, factor=2.54)
    quiet, surging = (calendar(TELEHEALTH, surges=each) for each in ((), (surge,)))
    known, ratios = adults(60_000), []
    for plan in (quiet, surging):
        begins = np.concatenate([plan.begins(known, number) for number in (1, 2)])
        begins = begins[begins >= np.datetime64("2024-12-09")]
        weeks = (begins - np.datetime64("2024-12-09", "s")).astype(np.int64) // 604_800
        counted = np.bincount(weeks)[:25]
        ratios.append(counted[15:19].mean() / np.delete(counted, slice(15, 19)).mean())
    assert ratios == [pytest.approx(1.0, abs=0.04), pytest.approx(2.54, rel=0.05)]


def test_a_surge_leaves_other_workflows_alone() -> None:
    surge = Surge(workflow="telehealth", begins=date(2025, 3, 24), weeks=4, factor=9)
    quiet, surging = (
        calendar(CLINIC, surges=each).visit(adults(5000), 2) for each in ((), (surge,))
    )
    other = quiet.workflow != WORKFLOWS.index("telehealth")
    assert (quiet.begins[other] == surging.begins[other]).all()
    assert (quiet.begins[~other] != surging.begins[~other]).any()
