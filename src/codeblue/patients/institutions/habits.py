"""The habits of a population's institutions as tables that whole columns are looked up in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import product
from math import exp
from typing import Annotated

import numpy as np
from pydantic import Field

from codeblue.patients.content import Content
from codeblue.patients.draws import LANE, Bools, Floats, Ints, Lanes
from codeblue.patients.institutions import WORKFLOWS, Institution, Profile, Workflow, WorkflowHabit
from codeblue.patients.people.persons import lane_table

_DAY, _WEEK = 86_400, 604_800
_LONG_LEAD_DAYS = 28
_EVER = 200 * 365 * _DAY
_BISECTIONS = 60


class Surge(Content):
    """``factor`` times as many visits of one workflow in some weeks.

    Weeks are counted from the population's reference date; ``begins`` is moved to the nearest.
    The visits come from the other weeks of the half-years that the surge falls into.
    """

    workflow: Workflow
    begins: date
    weeks: Annotated[int, Field(ge=1, le=520)]
    factor: Annotated[float, Field(gt=0, le=1000)]


class Habits:
    """Tables by institution, and by code: institution * workflows + workflow."""

    def __init__(
        self, institutions: Sequence[Institution], surges: Sequence[Surge], today: int
    ) -> None:
        profiles = [institution.profile for institution in institutions]
        mixes = [_mix(profile) for profile in profiles]
        self._workflow = np.stack([lane_table(mix) for mix in mixes])
        self._lead_days = np.array([profile.appointments.lead_days for profile in profiles])
        self._booked = _by_code(profiles, lambda habit: float(habit.booked), 0.0) > 0
        self._minutes = _by_code(profiles, lambda habit: habit.minutes, 1.0)
        self._spread = np.log(_by_code(profiles, lambda habit: habit.spread, 1.0))
        self._hours, self._ends = _week_hours(profiles)
        self._offsets = np.array([60 * profile.utc_offset_minutes for profile in profiles])
        self._wards = _Wards(profiles)
        booked = (np.array(mixes) * self._booked.reshape(len(profiles), -1)).sum(axis=1)
        self.missed = booked * [profile.appointments.no_show for profile in profiles]
        self._no_show = np.array(
            [_no_show(profile, float(m)) for profile, m in zip(profiles, self.missed, strict=True)]
        )
        self._surges = {
            name: _Warp([surge for surge in surges if surge.workflow == name], today)
            for name in dict.fromkeys(surge.workflow for surge in surges)
        }

    def workflow(self, institution: Ints, drawn: Lanes) -> Ints:
        """The workflow of each visit, by the mix of its institution."""
        return self._workflow[institution, drawn]

    def moment(self, institution: Ints, workflow: Ints, drawn: Floats) -> Ints:
        """When in the week, in seconds from Monday 00:00 UTC."""
        code = _code(institution, workflow)
        local = np.interp(code + drawn, self._ends, self._hours).astype(np.int64)
        return np.asarray((local - self._offsets[institution]) % _WEEK)

    def spread(self, workflow: Ints, low: Ints, high: Ints, drawn: Floats) -> Ints:
        """When from ``low`` to ``high``: evenly, but for the surges of the workflow."""
        at = low + (drawn * (high - low)).astype(np.int64)
        for name, warp in self._surges.items():
            surging = workflow == WORKFLOWS.index(name)
            at[surging] = warp(low[surging], high[surging], drawn[surging])
        return at

    def length(self, institution: Ints, workflow: Ints, drawn: Floats) -> Ints:
        """Seconds that a visit takes; ``drawn`` is standard normal."""
        code = _code(institution, workflow)
        minutes = self._minutes[code] * np.exp(self._spread[code] * drawn)
        return (minutes * 60).astype(np.int64) + 1

    def is_booked(self, institution: Ints, workflow: Ints) -> Bools:
        """Whether such visits have an appointment."""
        return self._booked[_code(institution, workflow)]

    def lead(self, institution: Ints, workflow: Ints, drawn: Floats) -> Ints:
        """Seconds from booking to beginning, exponential; 0 for who comes unbooked."""
        days = -np.log1p(-drawn) * self._lead_days[institution]
        return np.where(self.is_booked(institution, workflow), days * _DAY, 0).astype(np.int64)

    def no_show(self, institution: Ints, workflow: Ints, long_lead: Bools, prior: Bools) -> Floats:
        """The probability of not coming; 0 for who comes unbooked."""
        chance = self._no_show[institution, long_lead.astype(np.int64), prior.astype(np.int64)]
        return np.where(self.is_booked(institution, workflow), chance, 0.0)

    def wards(
        self, institution: Ints, workflow: Ints, drawn: Lanes, moved: Lanes
    ) -> tuple[Ints, Ints]:
        """The ward of each visit, and the one that the patient is moved to, or -1."""
        return self._wards(_code(institution, workflow), drawn, moved)


class _Wards:
    """Wards by code."""

    def __init__(self, profiles: Sequence[Profile]) -> None:
        found = [
            [n for n, ward in enumerate(profile.wards) if name in ward.workflows] or [0]
            for profile in profiles
            for name in WORKFLOWS
        ]
        weights = [
            [profiles[code // len(WORKFLOWS)].wards[n].weight for n in wards]
            for code, wards in enumerate(found)
        ]
        most = max(map(len, found))
        self._count = np.array([len(wards) for wards in found])
        self._index = np.array([wards + [0] * (most - len(wards)) for wards in found])
        self._place = np.stack([lane_table(each).astype(np.int8) for each in weights])
        self._transfers = _by_code(profiles, lambda habit: habit.transfers, 0.0) * LANE

    def __call__(self, code: Ints, drawn: Lanes, moved: Lanes) -> tuple[Ints, Ints]:
        place = self._place[code, drawn]
        rate, others = self._transfers[code], self._count[code] - 1
        moves = (moved < rate) & (others > 0)
        # Given that they move, moved / rate is again evenly in [0, 1).
        share = np.divide(moved, rate, out=np.zeros(len(moved)), where=moves)
        other = (place + 1 + (share * others).astype(np.int64)) % (others + 1)
        return self._index[code, place], np.where(moves, self._index[code, other], -1)


class _Warp:
    """Cumulative intensity of one workflow, for drawing times in proportion to it."""

    def __init__(self, surges: Sequence[Surge], today: int) -> None:
        spans = [_span(surge, today) for surge in surges]
        ever = (today - _EVER, today + _EVER)
        self._times = np.array(sorted({edge for span in (ever, *spans) for edge in span}))
        factors = np.ones(len(self._times) - 1)
        for surge, (begins, ends) in zip(surges, spans, strict=True):
            factors[(self._times[:-1] >= begins) & (self._times[:-1] < ends)] *= surge.factor
        self._sums = np.concatenate(([0.0], np.cumsum(np.diff(self._times) * factors)))

    def __call__(self, low: Ints, high: Ints, drawn: Floats) -> Ints:
        """Times from ``low`` to ``high``, ``drawn`` evenly in [0, 1)."""
        first, last = (np.interp(edge, self._times, self._sums) for edge in (low, high))
        at = np.interp(first + drawn * (last - first), self._sums, self._times).astype(np.int64)
        return np.asarray(np.minimum(at, high - 1))


def _span(surge: Surge, today: int) -> tuple[int, int]:
    begins = int(np.datetime64(surge.begins, "s").astype(np.int64))
    weeks = round((begins - today) / _WEEK)
    return today + weeks * _WEEK, today + (weeks + surge.weeks) * _WEEK


def _code(institution: Ints, workflow: Ints) -> Ints:
    return institution * len(WORKFLOWS) + workflow


def _mix(profile: Profile) -> list[float]:
    """The share of each workflow in the institution's visits."""
    habits = [profile.workflows.get(name) for name in WORKFLOWS]
    shares = [habit.share if habit else 0.0 for habit in habits]
    return [share / sum(shares) for share in shares]


def _by_code(
    profiles: Sequence[Profile], figure: Callable[[WorkflowHabit], float], absent: float
) -> Floats:
    """A figure of every workflow of every institution; ``absent`` where it has no such workflow."""
    habits = [profile.workflows.get(name) for profile in profiles for name in WORKFLOWS]
    return np.array([figure(habit) if habit else absent for habit in habits])


def _week_hours(profiles: Sequence[Profile]) -> tuple[Floats, Floats]:
    """Seconds in the week, and the share of visits that begin before them plus the code."""
    shares: list[Floats] = []
    for code, name in product(range(len(profiles)), WORKFLOWS):
        habit = profiles[code].workflows.get(name)
        weights = np.outer(habit.days, habit.hours).ravel() if habit else np.ones(168)
        below = np.cumsum(weights) / weights.sum()
        shares.append(len(shares) + np.concatenate(([0.0], below)))
    hours = np.arange(169.0) * 3600
    return np.tile(hours, len(shares)), np.concatenate(shares)


def _no_show(profile: Profile, prior: float) -> Floats:
    """The probability of not coming by (long lead, prior no-show).

    ``prior`` is the share of visits that follow a no-show. The two odds ratios act on the odds of
    who has neither, and these are chosen such that the mean is the profile's.
    """
    habit = profile.appointments
    long_lead = exp(-_LONG_LEAD_DAYS / habit.lead_days)
    weights = np.outer((1 - long_lead, long_lead), (1 - prior, prior))
    ratios = np.outer((1.0, habit.odds_long_lead), (1.0, habit.odds_prior_no_show))
    low, high = 0.0, habit.no_show / (1 - habit.no_show) / ratios.min()
    for _ in range(_BISECTIONS):
        base = (low + high) / 2
        chances = base * ratios / (1 + base * ratios)
        low, high = (base, high) if (weights * chances).sum() < habit.no_show else (low, base)
    return np.asarray(chances)
