"""Events -> the record of a run: small typed rows, whatever state the run was left in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codeblue.render._checks import CheckRecord, check_records
from codeblue.render._envelopes import EnvelopeMap, envelope_map
from codeblue.render._fields import Event, clean, instant, mapping, number, text, words
from codeblue.render._ledgers import History, Ledger, histories, ledgers
from codeblue.render._loads import Load, loads
from codeblue.render._report import Report
from codeblue.render._searches import Recovery, Search, recoveries, searches
from codeblue.verdict import ExitCode, Verdict, exit_code, outcome


@dataclass(frozen=True)
class Fault:
    """A fault from injection to healing, seconds since the epoch; ``end`` is None if never healed.

    ``verified`` tells whether the healing was confirmed.
    """

    id: str
    edge: str
    type: str
    attributes: str
    start: float
    end: float | None
    verified: bool


@dataclass(frozen=True)
class Objective:
    """A promise to the users of a journey, and what was measured (None: nothing), in ``unit``.

    ``load`` is where it was measured, if that was one load.
    """

    journey: str
    objective: str
    threshold: float
    measured: float | None
    unit: str
    met: bool
    load: str = ""


@dataclass(frozen=True)
class Moment:
    """A line of the timeline; ``offset`` in seconds since the run started."""

    offset: float
    kind: str
    text: str


@dataclass(frozen=True)
class RunRecord:
    """Everything that the journal's events say about a run; times in seconds since the epoch."""

    header: Event
    start: float
    end: float
    seconds: float
    finished: bool
    exit: ExitCode
    reason: str
    checks: tuple[CheckRecord, ...]
    faults: tuple[Fault, ...]
    loads: tuple[Load, ...]
    objectives: tuple[Objective, ...]
    ledgers: tuple[Ledger, ...]
    histories: tuple[History, ...]
    searches: tuple[Search, ...]
    envelopes: EnvelopeMap | None
    recoveries: tuple[Recovery, ...]
    moments: tuple[Moment, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    patients: dict[str, int]

    @property
    def profile(self) -> str | None:
        """The profile of the platform that was under test, if it has profiles."""
        return text(self.header, "profile") or None

    @property
    def target(self) -> str:
        """The name of the platform that was under test."""
        return text(self.header, "target") or "the platform"

    @property
    def verdict(self) -> str:
        """The word for the run: ``held``, ``broke`` or ``inconclusive``."""
        return outcome(self.exit)

    def report(self, run_path: Path) -> Report:
        """The result of the run, whose page lies in ``run_path``."""
        return Report(
            run=text(self.header, "run") or run_path.name,
            profile=self.profile,
            verdict=self.verdict,
            exit=self.exit,
            seconds=self.seconds,
            report=run_path / "report.html",
            checks=tuple(check.result for check in self.checks),
        )


def run_record(events: Sequence[Event]) -> RunRecord:
    """The record of the run that left ``events``, complete or not."""
    times = [at for event in events if (at := instant(event)) is not None]
    start, end = (min(times), max(times)) if times else (0.0, 0.0)
    closing = next(iter(_of(events, "run-finished")[-1:]), None)
    checks = check_records(events, end, finished=closing is not None)
    seconds = number(closing or {}, "seconds")
    return RunRecord(
        header=next(iter(_of(events, "run-started")), {}),
        start=start,
        end=end,
        seconds=round(end - start if seconds is None else seconds, 3),
        finished=closing is not None,
        exit=_exit(closing, [check.result.verdict for check in checks]),
        reason=text(closing or {}, "reason"),
        checks=tuple(checks),
        faults=_faults(events),
        loads=loads(events),
        objectives=_objectives(events),
        ledgers=ledgers(events),
        histories=histories(events),
        searches=searches(events),
        envelopes=envelope_map(events),
        recoveries=recoveries(events),
        moments=_moments(events, start),
        warnings=tuple(text(event, "text") for event in _of(events, "warning")),
        notes=tuple(text(event, "text") for event in _of(events, "note")),
        patients={
            text(event, "tenant", "unnamed"): len(words(event, "patients"))
            for event in _of(events, "seeded")
        },
    )


def _of(events: Sequence[Event], *kinds: str) -> list[Event]:
    return [event for event in events if event.get("kind") in kinds]


def _exit(closing: Event | None, verdicts: Sequence[Verdict]) -> ExitCode:
    """What the run said of itself, unless its checks say worse."""
    judged = exit_code(verdicts)
    if closing is None:
        return ExitCode.BROKE if judged is ExitCode.BROKE else ExitCode.INCONCLUSIVE
    try:
        said = ExitCode(int(number(closing, "exit") or 0))
    except ValueError:
        said = ExitCode.INCONCLUSIVE
    return judged if said is ExitCode.HELD and verdicts else said


def _faults(events: Sequence[Event]) -> tuple[Fault, ...]:
    """Injections in order, each with the first later healing of the same fault."""
    heals = _of(events, "fault-healed")
    found = []
    for event in _of(events, "fault-injected"):
        start = instant(event) or 0.0
        heal = next((h for h in heals if _heals(h, event, start)), None)
        heals = [h for h in heals if h is not heal]
        found.append(_fault(event, start, heal))
    return tuple(found)


def _heals(heal: Event, injected: Event, start: float) -> bool:
    same = text(heal, "fault") == text(injected, "fault")
    return same and (instant(heal) or 0.0) >= start


def _fault(event: Event, start: float, heal: Event | None) -> Fault:
    attributes = mapping(event, "attributes")
    return Fault(
        id=text(event, "fault"),
        edge=text(event, "edge"),
        type=text(event, "type"),
        attributes=", ".join(f"{name} {clean(value, 80)}" for name, value in attributes.items()),
        start=start,
        end=None if heal is None else instant(heal),
        verified=heal is not None and heal.get("verified") is True,
    )


def _objectives(events: Sequence[Event]) -> tuple[Objective, ...]:
    return tuple(
        Objective(
            load=text(event, "load"),
            journey=text(event, "journey"),
            objective=text(event, "objective"),
            threshold=number(event, "threshold") or 0.0,
            measured=number(event, "measured"),
            unit=text(event, "unit"),
            met=event.get("met") is True and number(event, "measured") is not None,
        )
        for event in _of(events, "objective")
    )


_TOLD = {
    "phase": ("phase", ("name", "state")),
    "check-started": ("check", ("id",)),
    "stage": ("stage", ("stage", "id")),
    "fault-injected": ("fault injected", ("edge", "type")),
    "fault-healed": ("fault healed", ("edge", "type")),
    "load-started": ("load started", ("load",)),
    "load-finished": ("load finished", ("load",)),
    "check-finished": ("verdict", ("verdict", "id")),
    "activity": ("chaos toolkit", ("text",)),
    "activity-began": ("chaos toolkit", ("text",)),
    "activity-ended": ("chaos toolkit", ("text",)),
    "guard-breached": ("guard", ("text",)),
    "guard-healed": ("guard", ("text",)),
    "note": ("note", ("text",)),
    "warning": ("warning", ("text",)),
}


def _moments(events: Sequence[Event], start: float) -> tuple[Moment, ...]:
    told = _of(events, *_TOLD)
    moments = (_moment(event, start) for event in told)
    return tuple(sorted(moments, key=lambda moment: moment.offset))


def _moment(event: Event, start: float) -> Moment:
    kind, fields = _TOLD[str(event["kind"])]
    said = " · ".join(value for field in fields if (value := text(event, field)))
    at = instant(event)
    return Moment(0.0 if at is None else at - start, kind, said)
