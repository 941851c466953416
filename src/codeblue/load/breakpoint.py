"""The breakpoint of a platform: the highest arrival rate at which its objectives are still met.

A measured rate is no number but an interval: the highest rate that held and the lowest that broke,
each confirmed by repetition. A rate that the generator could not produce says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Verdict = Literal["held", "broke", "inconclusive"]
Limit = Literal["platform", "search", "generator"]

_FACTOR = 2.0
_PATIENCE = 2  # inconclusive trials after which a rate is too much for the generator


class Search(BaseModel):
    """Where to look, and how closely; ``[search]`` of a load profile. Rates are per second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: float = Field(gt=0)
    """The rate that is tried first; from there it goes up or down in factors of two."""
    lowest: float = Field(default=1.0, gt=0)
    highest: float = Field(default=2_000.0, gt=0)
    precision: float = Field(default=0.1, gt=0, le=1)
    """The width of the interval that is looked for, as a share of its lower end."""
    confirmations: int = Field(default=2, ge=1, le=5)
    """How many trials must agree before an end of the interval counts."""
    trials: int = Field(default=30, ge=1)
    """After as many, the search ends with what it has."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.lowest <= self.start <= self.highest:
            raise ValueError("`start` is not between `lowest` and `highest`")
        return self


@dataclass(frozen=True)
class Outcome:
    """What came of one trial, and why it was not better."""

    verdict: Verdict
    why: str = ""


@dataclass(frozen=True)
class Trial:
    """One load at ``rate`` arrivals per second."""

    rate: float
    outcome: Outcome


@dataclass(frozen=True)
class Breakpoint:
    """The interval in which a platform breaks, in arrivals per second.

    ``held`` is the highest rate that met the objectives, ``None`` if not even the lowest did;
    ``broke`` is the next one tried that did not, ``None`` if none did. ``limit`` says what ended
    the search: the platform broke, the highest rate to try held, or the generator was at its end.
    """

    held: float | None
    broke: float | None
    limit: Limit
    complete: bool
    """Whether the interval is as narrow as asked for, and both its ends are confirmed."""
    trials: tuple[Trial, ...]

    @property
    def sentence(self) -> str:
        """What was found, for a report."""
        rest = "" if self.complete else f" (not confirmed within {len(self.trials)} trials)"
        return f"{self._found()}{rest}"

    def _found(self) -> str:
        if self.held is None:
            if self.broke is None:
                return "the generator could do none of the rates"
            return f"the objectives are not even met at {_said(self.broke)} arrivals/s"
        met = f"the objectives are met at {_said(self.held)} arrivals/s"
        if self.broke is not None:
            return f"{met}, and not at {_said(self.broke)}/s"
        if self.limit == "generator":
            return f"{met}; the generator can do no more"
        return f"{met}, the highest rate to try"


def find_breakpoint(trial: Callable[[float], Outcome], search: Search) -> Breakpoint:
    """Search for the breakpoint with ``trial``, which puts a load of some rate on the platform.

    Brackets in factors of two, bisects (in the geometric sense), then repeats both ends until
    ``confirmations`` trials agree. An end that does not stand up is moved, and the search goes on.
    So up to ``confirmations - 1`` wrong outcomes do not change the interval, only what it costs.
    """
    record = _Record(search)
    while len(record) < search.trials and (rate := record.next_rate()) is not None:
        record.add(Trial(rate, trial(rate)))
    return record.breakpoint()


class _Record:
    """All trials so far, and what they leave to be tried."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._trials: list[Trial] = []
        self._votes: dict[float, Counter[Verdict]] = {}

    def __len__(self) -> int:
        return len(self._trials)

    def add(self, trial: Trial) -> None:
        """Count a trial."""
        self._trials.append(trial)
        self._votes.setdefault(trial.rate, Counter())[trial.outcome.verdict] += 1

    def next_rate(self) -> float | None:
        """The rate to try next; ``None`` when nothing is left to find out."""
        if not self._trials:
            return self._search.start
        last = self._trials[-1].rate
        if self._verdict(last) is None:
            return last
        held, top = self._held(), self._generator_end() or self._broke()
        if held is None:
            further = self._down(top)
        elif top is None:
            further = self._up(held)
        else:
            wide = top > held * (1 + self._search.precision)
            further = sqrt(held * top) if wide else None
        return further or self._unconfirmed()

    def breakpoint(self) -> Breakpoint:
        """What is known by now."""
        broke = self._broke()
        ended: Limit = "platform" if broke else "search"
        return Breakpoint(
            held=self._held(),
            broke=broke,
            limit="generator" if self._generator_end() else ended,
            complete=self.next_rate() is None,
            trials=tuple(self._trials),
        )

    def _verdict(self, rate: float) -> Verdict | None:
        """What most trials at ``rate`` say; ``None`` while they are not agreed."""
        votes, enough = self._votes[rate], self._search.confirmations
        held, broke = votes["held"], votes["broke"]
        if votes["inconclusive"] >= max(enough, _PATIENCE):
            return "inconclusive"
        if held == broke:
            return None
        return "held" if held > broke else "broke"

    def _rates(self, verdict: Verdict) -> list[float]:
        return [rate for rate in self._votes if self._verdict(rate) == verdict]

    def _broke(self) -> float | None:
        """The lowest rate that broke."""
        return min(self._rates("broke"), default=None)

    def _held(self) -> float | None:
        """The highest rate that held; below it nothing is tried, so all that broke are above."""
        return max(self._rates("held"), default=None)

    def _generator_end(self) -> float | None:
        """The lowest rate of the interval that the generator cannot produce."""
        low, high = self._held() or 0.0, self._broke() or inf
        beyond = [rate for rate in self._rates("inconclusive") if low < rate < high]
        return min(beyond, default=None)

    def _down(self, top: float | None) -> float | None:
        lowest = self._search.lowest
        return max(top / _FACTOR, lowest) if top is not None and top > lowest else None

    def _up(self, held: float) -> float | None:
        highest = self._search.highest
        return min(held * _FACTOR, highest) if held < highest else None

    def _unconfirmed(self) -> float | None:
        """An end of the interval that too few trials speak for."""
        for rate in (self._held(), self._broke()):
            if rate and max(self._votes[rate].values()) < self._search.confirmations:
                return rate
        return None


def _said(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"  # noqa: PLR2004 - three digits
