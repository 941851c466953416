"""Institutions: how each one works, writes and errs; ``synthetic_data/institutions/*.toml``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.content import Content, line_of, read_text, read_toml
from codeblue.workspace import find, names

LOINC = "http://loinc.org"
Workflow = Literal["outpatient", "inpatient", "emergency", "telehealth", "laboratory"]
WORKFLOWS: tuple[Workflow, ...] = get_args(Workflow)

_FOLDER = Path("synthetic_data") / "institutions"

Rate = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
Odds = Annotated[float, Field(ge=1e-3, le=1e3)]
# Bare text, safe in JSON and between the delimiters of HL7 v2.
Bare = Annotated[str, Field(pattern=r"^[^\"\\|^~&\x00-\x1f]+$")]


def _some(weights: tuple[float, ...]) -> tuple[float, ...]:
    if not any(weights):
        raise ValueError("all weights are 0")
    return weights


Hours = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24), AfterValidator(_some)]
Days = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7), AfterValidator(_some)]


class RecordNumber(Content):
    """Medical record numbers: a prefix and this many digits, more when they run out."""

    prefix: Annotated[str, Field(pattern=r"^[A-Z]{0,4}$")] = ""
    digits: Annotated[int, Field(ge=4, le=12)]


class Hl7Dialect(Content):
    """How the institution writes HL7 v2: MSH-3, MSH-12, MSH-18, and how exact its times are."""

    version: Literal["2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7"]
    sending_application: Bare
    charset: Literal["UTF-8", "ISO-8859-1"]
    timestamp: Literal["minute", "second", "millisecond"]


class LocalCode(Content):
    """What the institution calls a measurement."""

    code: Bare
    display: Bare


class Codes(Content):
    """The code system of measurements; those without a code of their own are not recoded."""

    system: Bare = LOINC
    hl7_system: Bare = "LN"
    local: dict[str, LocalCode] = Field(default_factory=dict)


class UnitHabit(Content):
    """The institution writes ``value * factor + offset`` instead, rounded to ``decimals``."""

    unit: Bare
    ucum: Bare
    factor: Annotated[float, Field(gt=0, le=1e6)]
    offset: Annotated[float, Field(ge=-1e6, le=1e6)] = 0.0
    decimals: Annotated[int, Field(ge=0, le=4)]


class WorkflowHabit(Content):
    """How much of the institution's work this is, how long it takes, and when it happens.

    ``share`` is a weight among the workflows. ``minutes`` is the median length, ``spread`` the
    factor between it and the 84th percentile. ``hours`` (from midnight) and ``days`` (from Monday)
    are weights of beginning then. ``booked`` visits have an appointment, which can be missed;
    ``transfers`` is the share of visits that move on to another ward.
    """

    share: Weight
    booked: bool
    transfers: Rate = 0.0
    minutes: Annotated[float, Field(gt=0, le=60 * 24 * 60)]
    spread: Annotated[float, Field(ge=1, le=10)]
    hours: Hours
    days: Days


class Ward(Content):
    """A place in the institution, the workflows that begin there, and its weight among them."""

    name: Bare
    workflows: Annotated[tuple[Workflow, ...], Field(min_length=1)]
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0


class Appointments(Content):
    """How long before an appointment is booked, and how often the patient does not come.

    ``no_show`` is the mean over all appointments; the odds ratios move it from patient to patient.
    """

    lead_days: Annotated[float, Field(gt=0, le=365)]
    no_show: Annotated[float, Field(gt=0, lt=1)]
    odds_long_lead: Odds
    odds_prior_no_show: Odds


class JourneyRates(Content):
    """What happens along a visit, and to records between visits.

    ``updated`` is the share of visits with a change of details on the way, ``cancelled_...`` that
    of admissions, transfers and discharges taken back; ``moved`` is how many of its patients give
    a new address in a year. Results come ``result_hours`` after the visit in the median, and a
    duplicate record is found and merged some time within ``merge_days`` of the reference date.
    """

    updated: Rate
    cancelled_admission: Rate
    cancelled_transfer: Rate
    cancelled_discharge: Rate
    moved: Rate
    result_hours: Annotated[float, Field(gt=0, le=240)]
    merge_days: Annotated[float, Field(gt=0, le=3650)]


class Profile(Content):
    """How an institution works, writes and errs; its clocks stand at a fixed offset from UTC."""

    title: str
    utc_offset_minutes: Annotated[int, Field(gt=-24 * 60, lt=24 * 60)] = 0
    record_number: RecordNumber
    hl7: Hl7Dialect
    codes: Codes = Codes()
    units: dict[str, UnitHabit] = Field(default_factory=dict)
    workflows: dict[Workflow, WorkflowHabit]
    wards: Annotated[tuple[Ward, ...], Field(min_length=1)]
    appointments: Appointments
    journeys: JourneyRates
    faults: dict[str, Rate] = Field(default_factory=dict)


@dataclass(frozen=True)
class Institution:
    """One institution of a population, and its share of the patients."""

    name: str
    profile: Profile
    share: float

    @property
    def slug(self) -> str:
        """The name as it stands in paths and addresses, e.g. ``lakeside-general-hospital``."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def record_number_system(self) -> str:
        """The namespace of its record numbers; ``.example`` is reserved and belongs to nobody."""
        return f"https://{self.slug}.example/record-number"


def load_profile(
    name: str, measurements: Collection[str], workspace: Path | None = None, where: str = ""
) -> Profile:
    """The profile that ``synthetic_data/institutions/<name>.toml`` describes.

    ``measurements`` are the names that it may recode or convert; ``where`` is the file (and line)
    that asks for it.

    Raises:
        UsageError: there is no such profile, or its file is wrong.
    """
    known = names(str(_FOLDER), "*.toml", workspace)
    if name not in known:
        place = f"{where}: " if where else ""
        raise UsageError(f'{place}institutions has no "{name}". {did_you_mean(name, known)}')
    path = find(_FOLDER / f"{name}.toml", workspace)
    profile = read_toml(path, Profile)
    _check_names(path, ("units",), profile.units, measurements)
    _check_names(path, ("codes", "local"), profile.codes.local, measurements)
    _check_names(path, ("faults",), profile.faults, _kinds())
    _check_workflows(path, profile)
    return profile


def _kinds() -> Collection[str]:
    from codeblue.patients.dirt import KINDS  # which import this module

    return KINDS


def _check_names(
    path: Path, table: tuple[str, ...], used: Iterable[str], known: Collection[str]
) -> None:
    for name in used:
        if name not in known:
            line = line_of(read_text(path), (*table, name))
            title = ".".join(table)
            raise UsageError(
                f'{path}:{line}: [{title}] "{name}" is not known. {did_you_mean(name, known)}'
            )


def _check_workflows(path: Path, profile: Profile) -> None:
    text = read_text(path)
    if not any(habit.share for habit in profile.workflows.values()):
        line = line_of(text, ("workflows",))
        raise UsageError(f"{path}:{line}: no workflow has a share. Give one of them more than 0.")
    served = {name for ward in profile.wards for name in ward.workflows}
    for name in profile.workflows:
        if name not in served:
            line = line_of(text, ("workflows", name))
            raise UsageError(
                f'{path}:{line}: no ward takes "{name}". Name it in the workflows of a ward.'
            )
