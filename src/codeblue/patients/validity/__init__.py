"""Checks of rows by the column: what validators of structure let pass.

Neither ``fhir.resources`` nor ``pyfhircheck`` notices a LOINC code whose check digit is wrong, or a
unit that nobody uses, and both take one resource at a time. Here a field is checked in all rows at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import TYPE_CHECKING

import numpy as np

from codeblue.patients.draws import DAYS, Bools, Ints
from codeblue.patients.institutions import LOINC
from codeblue.patients.rows import Rows, Text, Value
from codeblue.patients.rows.observations import PANEL
from codeblue.patients.templates.text import Letters, letters, words
from codeblue.patients.validity.value_sets import FIELDS, MESSAGE_FIELDS

if TYPE_CHECKING:
    from codeblue.patients.population import Population

_NUMBERS = ("value", "systolic", "diastolic")
_DAYS = ("birth_date", "onset", "authored")
_MOMENTS = ("effective", "start", "end", "created")
_IDS = ("id", "patient")
_DAY, _MOMENT, _OFFSET = b"0000-00-00", b"0000-00-00T00:00:00", b"00:00"
_SHORTEST_LOINC = len("0-0")
_NINE = 9
_LONGEST_ID = 64
_LOINC_IN_HL7 = b"LN"

_Columns = Mapping[str, Text]
_Check = tuple[str, str, Bools]
"""A field, the rule, and which rows break it."""


@dataclass(frozen=True)
class Problem:
    """Rows whose ``field`` breaks a rule; ``rows`` are their places in the block."""

    field: str
    rule: str
    rows: Ints


@dataclass(frozen=True)
class Known:
    """The codes that a population writes."""

    loinc: Text
    ucum: Text


def known(population: Population) -> Known:
    """The LOINC codes and units of its tables and of its institutions."""
    measurements = population.tables.measurements
    loinc = {*PANEL, *(code for each in measurements for code in each.codes)}
    ucum = {each.ucum for each in measurements}
    for institution in population.institutions:
        profile = institution.profile
        ucum |= {habit.ucum for habit in profile.units.values()}
        if profile.codes.system == LOINC:
            loinc |= {local.code for local in profile.codes.local.values()}
    return Known(words(sorted(loinc)), words(sorted(ucum)))


def check(rows: Rows, known: Known) -> list[Problem]:
    """What is wrong with the values of the rows; an absent value is not wrong."""
    columns = {name: _column(value, len(rows)) for name, value in rows.fields.items()}
    found = []
    for field, rule, wrong in (*_bound(rows, columns), *_formed(columns), *_coded(columns, known)):
        places = np.flatnonzero(wrong & (columns[field] != b""))
        if len(places):
            found.append(Problem(field, rule, places))
    return found


def is_loinc(codes: Text) -> Bools:
    """Whether each code is digits, a hyphen and their check digit.

    The check digit is that of Luhn's algorithm (LOINC Users' Guide, "Check digit calculation").
    """
    each, length = letters(codes), np.strings.str_len(codes)
    row = np.arange(len(codes))
    right = length >= _SHORTEST_LOINC
    right &= each[row, np.maximum(length - 2, 0)] == ord("-")
    total = each[row, np.maximum(length - 1, 0)].astype(np.int64) - ord("0")
    right &= (total >= 0) & (total <= _NINE)
    for place in range(codes.itemsize - 2):
        at = length - 3 - place
        digit = each[row, np.maximum(at, 0)].astype(np.int64) - ord("0")
        right &= (at < 0) | ((digit >= 0) & (digit <= _NINE))
        doubled = digit if place % 2 else digit * 2 - _NINE * (digit > _NINE // 2)
        total += np.where(at < 0, 0, doubled)
    return np.asarray(right & (total % 10 == 0))


def _column(value: Value, count: int) -> Text:
    return np.full(count, value) if isinstance(value, bytes) else value


def _bound(rows: Rows, columns: _Columns) -> Iterator[_Check]:
    """Fields that are bound to a value set."""
    bound = MESSAGE_FIELDS if "^" in rows.resource else FIELDS.get(rows.resource, {})
    for field, codes in bound.items():
        if field in columns:
            yield field, "required binding", ~np.isin(columns[field], words(sorted(codes)))


def _formed(columns: _Columns) -> Iterator[_Check]:
    """Fields whose text has a form; dates are in the calendar."""
    for field in _IDS:
        if field in columns:
            yield field, "id", ~_is_id(columns[field])
    for field in _NUMBERS:
        if field in columns:
            yield field, "number", ~_is_number(columns[field])
    for field in (*_DAYS, *_MOMENTS):
        if field in columns and "control_id" not in columns:
            is_right = _is_day if field in _DAYS else _is_moment
            yield field, "date", ~is_right(columns[field])


def _coded(columns: _Columns, known: Known) -> Iterator[_Check]:
    """LOINC codes and units, of Observations and of the segments of a message."""
    for field, codes in columns.items():
        stem, _, last = field.replace("/", "_").rpartition("_")
        if last == "ucum":
            yield field, "unit", ~np.isin(codes, known.ucum)
        elif last == "code" and (system := _system(field, stem, columns)) is not None:
            ours = np.isin(system, (LOINC.encode(), _LOINC_IN_HL7))
            yield field, "LOINC check digit", ours & ~is_loinc(codes)
            yield field, "LOINC code", ours & ~np.isin(codes, known.loinc)


def _system(field: str, stem: str, columns: _Columns) -> Text | None:
    if "/" in field:
        return columns[field.replace("/code", "/coding_system")]
    return columns.get(f"{stem}_system" if stem else "system")


def _is_id(texts: Text) -> Bools:
    each = letters(texts)
    allowed = np.zeros(256, dtype=np.bool_)
    allowed[list(b"\0-." + ascii_letters.encode() + digits.encode())] = True
    return np.asarray(allowed[each].all(axis=1) & (np.strings.str_len(texts) <= _LONGEST_ID))


def _is_number(texts: Text) -> Bools:
    """As JSON has them, without an exponent."""
    each, length = letters(texts), np.strings.str_len(texts)
    digit = (each >= ord("0")) & (each <= ord("9"))
    first = (each[:, 0] == ord("-")).astype(np.int64)
    row, last = np.arange(len(texts)), np.maximum(length - 1, 0)
    signs_and_points = length - digit.sum(axis=1)
    points = (each == ord(".")).sum(axis=1)
    ends = digit[row, np.minimum(first, last)] & digit[row, last]
    return np.asarray(ends & (points <= 1) & (signs_and_points == first + points))


def _is_day(texts: Text) -> Bools:
    """``YYYY-MM-DD``, and a day of the calendar."""
    return np.asarray(_in_calendar(texts) & (np.strings.str_len(texts) == len(_DAY)))


def _is_moment(texts: Text) -> Bools:
    """``YYYY-MM-DDThh:mm:ss`` with ``Z`` or an offset from UTC."""
    each = np.pad(letters(texts), ((0, 0), (0, len(_MOMENT) + len(_OFFSET))))
    length, behind = np.strings.str_len(texts), len(_MOMENT)
    utc = (each[:, behind] == ord("Z")) & (length == behind + 1)
    sign = np.isin(each[:, behind], (ord("+"), ord("-")))
    offset = sign & _has_form(each[:, behind + 1 :], _OFFSET)
    local = offset & (length == behind + 1 + len(_OFFSET))
    hour, minute, second = (_part(each, place, 2) for place in (11, 14, 17))
    clock = (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004
    formed = _in_calendar(texts) & _has_form(each, _MOMENT) & clock
    return np.asarray(formed & (utc | local))


def _in_calendar(texts: Text) -> Bools:
    """Whether the first ten letters are a day that there is."""
    each = np.pad(letters(texts), ((0, 0), (0, len(_DAY))))
    formed = _has_form(each, _DAY)
    year, month, day = _part(each, 0, 4), _part(each, 5, 2), _part(each, 8, 2)
    formed &= (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004
    first = (np.where(formed, (year - 1970) * 12 + month - 1, 0)).astype("datetime64[M]")
    that = first.astype("datetime64[D]") + np.where(formed, day - 1, 0).astype(DAYS)
    return np.asarray(formed & (that.astype("datetime64[M]") == first))


def _has_form(each: Letters, form: bytes) -> Bools:
    """Whether texts begin like ``form``, in which 0 stands for any digit."""
    wanted = np.frombuffer(form, dtype=np.uint8)
    begin = each[:, : len(form)]
    is_digit = (begin >= ord("0")) & (begin <= ord("9"))
    return np.asarray(np.where(wanted == ord("0"), is_digit, begin == wanted).all(axis=1))


def _part(each: Letters, place: int, count: int) -> Ints:
    values = each[:, place : place + count].astype(np.int64) - ord("0")
    return np.asarray(values @ 10 ** np.arange(count)[::-1])
