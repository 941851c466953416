"""One partner's way of writing ADT, as its TOML file says it."""

from __future__ import annotations

import codecs
import re
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from reference_platform.dialects.header import Header
from reference_platform.dialects.place import Place
from reference_platform.dialects.problem import Code, Problem

_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>[01]\d):?(?P<minutes>[0-5]\d)", re.ASCII)


class DialectError(Exception):
    """A file of a dialect is wrong: file, key, and what to write."""


def _place(text: object) -> Place:
    if not isinstance(text, str):
        raise ValueError("not a text")  # noqa: TRY004 - pydantic collects ValueErrors
    return Place.parse(text)


def _codec(name: str) -> str:
    try:
        known = codecs.lookup(name).name
        compatible = "MSH|^~\\&".encode(name) == b"MSH|^~\\&"
    except (LookupError, UnicodeError):
        raise ValueError(f'"{name}" is no encoding that is known here') from None
    if not compatible:
        raise ValueError(f'"{name}" does not write ASCII as ASCII')
    return known


def _offset(text: str) -> str:
    if not _OFFSET.fullmatch(text):
        raise ValueError(f'"{text}" is no offset from UTC. Write +01:00')
    return text


Places = tuple[Annotated[Place, BeforeValidator(_place)], ...]
Codec = Annotated[str, AfterValidator(_codec)]
Gender = Literal["male", "female", "other", "unknown"]
Trigger = Literal["A01", "A02", "A08", "A03"]


class Section(BaseModel):
    """A table of the file: no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Match(Section):
    """Whose messages these are: MSH-3.1 and MSH-4.1, in any case; MSH-12.1. Empty = any."""

    applications: tuple[str, ...]
    facilities: tuple[str, ...]
    versions: tuple[str, ...]

    def rank(self, header: Header) -> int | None:
        """How closely a header fits; None when it does not."""
        wanted = ((self.applications, header.application), (self.facilities, header.facility))
        if any(names and not _among(value, names) for names, value in wanted):
            return None
        return sum(bool(names) for names, _ in wanted)


class Fields(Section):
    """Where each canonical value sits; the first place that holds something counts."""

    tenant: Places = Field(min_length=1)
    visit: Places = Field(min_length=1)
    occurred: Places = Field(min_length=1)
    patient: Places = Field(min_length=1)
    ward: Places
    visit_class: Places
    family: Places
    given: Places
    birth_date: Places
    gender: Places


class Times(Section):
    """`moments` and `dates` are strptime formats; no moments = the HL7 time stamp to the second.

    `offset` from UTC holds for what names none.
    """

    moments: tuple[str, ...]
    dates: tuple[str, ...] = Field(min_length=1)
    offset: Annotated[str, AfterValidator(_offset)]

    @property
    def shift(self) -> timedelta:
        """The offset."""
        match = _OFFSET.fullmatch(self.offset)
        if match is None:
            raise ValueError(self.offset)
        shift = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"]))
        return -shift if match["sign"] == "-" else shift


class Codes(Section):
    """What their codes mean: tenant (their MSH-4), FHIR gender, v3 ActEncounterCode."""

    tenant: dict[str, str]
    gender: dict[str, Gender]
    visit_class: dict[str, str]


class Dialect(Section):
    """A dialect. `encodings`: MSH-18 -> Python codec, `""` when absent; `triggers`: MSH-9.2."""

    name: str
    match: Match
    encodings: dict[str, Codec]
    triggers: dict[str, Trigger]
    fields: Fields
    times: Times
    codes: Codes

    def codec(self, header: Header) -> str:
        """The codec of a message with this header; Problem when it is not read here."""
        if header.encoding not in self.encodings:
            raise Problem("MSH-18", Code.TABLE_VALUE, "an encoding that is not read here")
        return self.encodings[header.encoding]


def parsed(text: str, formats: tuple[str, ...]) -> datetime:
    """The time that `text` is in exactly one of `formats`, aware when it names an offset.

    ValueError when it is in none of them.
    """
    for each in formats:
        try:
            moment = datetime.strptime(text, each)
            # strptime also takes numbers that are too short, and then reads the wrong ones.
            if moment.strftime(each) == text:
                return moment
        except ValueError:
            continue
    raise ValueError("not a time in a format of this sender")


def _among(value: str, names: tuple[str, ...]) -> bool:
    return value.casefold() in (name.casefold() for name in names)
