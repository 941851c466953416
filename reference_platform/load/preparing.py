"""Lines of JSON as rows of the database, packed for COPY.

Many lines are prepared at once, column by column, because Python takes longer to go from one step
to the next than most steps take. When something is wrong they are prepared one by one to find out
where.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import chain, compress, repeat
from typing import Any

from reference_platform.load import packing
from reference_platform.load.errors import InputError
from reference_platform.load.lines import PERSONAL, Stamp, read
from reference_platform.rows import DATES, SUBJECTS, Row, instant, moment_of, nul

RESOURCE_COLUMNS = (
    "tenant", "type", "version", "updated", "sequence", "id", "patient", "family", "gender", "date",
    "content",
)  # fmt: skip
IDENTIFIER_COLUMNS = ("tenant", "type", "value", "id", "patient")
ID_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
ID_LENGTH = 64
_NOBODY = packing.NULL + packing.NULL  # family and gender of what is no person


@dataclass(slots=True)
class Prepared:
    """Some lines, ready to be copied, and whose they are: `count` resources on `lines` lines."""

    lines: int = 0
    count: int = 0
    resources: list[bytes] = field(default_factory=list)
    identifiers: list[bytes] = field(default_factory=list)
    patients: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Preparation:
    """How lines become rows: whose they are, when they came, and whether models check them."""

    tenant: str
    moment: datetime
    check: bool = False

    def prepare(self, first: int, lines: bytes, sequence: int) -> Prepared:
        """The rows of `lines`; the first has number `first`, and line 0 would have `sequence`.

        Raises InputError for a bad line, with its number counted from 1.
        """
        _require_text(first, lines)
        split = lines.split(b"\n")
        numbered = {n: line for n, line in enumerate(split, first) if line and not line.isspace()}
        try:
            prepared = self._prepared(numbered, sequence)
        except ValueError:
            self._blame(numbered, sequence)
            raise
        prepared.lines = len(split)
        return prepared

    def _blame(self, numbered: Mapping[int, bytes], sequence: int) -> None:
        """Raise InputError for the first bad line."""
        for number, line in numbered.items():
            try:
                self._prepared({number: line}, sequence)
            except ValueError as error:
                raise InputError(f"{error}.", number + 1) from None

    def _prepared(self, numbered: Mapping[int, bytes], sequence: int) -> Prepared:
        """ValueError says what is wrong with one of the lines."""
        prepared = Prepared()
        lines, places = list(numbered.values()), [sequence + number for number in numbered]
        known = read(lines)
        kinds = _kinds(known)
        for kind in kinds:
            if len(kinds) == 1:
                self._add(prepared, kind, known, lines, places)
            else:
                ours = [each.resourceType == kind for each in known]
                chosen = (list(compress(column, ours)) for column in (known, lines, places))
                self._add(prepared, kind, *chosen)
        return prepared

    def _add(
        self, into: Prepared, kind: str, known: list[Any], lines: list[bytes], places: list[int]
    ) -> None:
        """Lines that hold resources of one type."""
        ids = [each.id for each in known]
        _require_ids(ids, "id: missing, or not an id")
        for line in lines if self.check else ():
            _check(kind, line)
        person = kind == "Patient"
        patients = ids if person else _subjects(kind, known)
        contents = self._stamp.on(lines, [each.meta for each in known])
        columns = (
            packing.keys(self._constant[kind], places, ids, patients),
            map(self._demographics, known) if person else repeat(_NOBODY),
            packing.timestamps(_moments(kind, known)),
            packing.lengths(contents),
            contents,
        )
        into.resources.append(b"".join(chain.from_iterable(zip(*columns, strict=False))))
        into.count += len(ids)
        (into.patients if person else into.subjects).update(patients)
        for each, patient in zip(known, patients, strict=True):
            if each.identifier is not None:
                into.identifiers += self._identifiers(each, patient)

    def _demographics(self, known: Any) -> bytes:
        row = self._row(known)
        return packing.text(row.family) + packing.text(row.gender)

    def _identifiers(self, known: Any, patient: str) -> list[bytes]:
        row = self._row(known)
        before = packing.columns(len(IDENTIFIER_COLUMNS)) + self._tenant + packing.text(row.kind)
        after = packing.text(row.id) + packing.text(patient)
        return [before + packing.text(token) + after for token in row.tokens]

    def _row(self, known: Any) -> Row:
        members = {name: getattr(known, name) for name in PERSONAL}
        return Row(known.resourceType, known.id, 1, members, self.moment)

    @cached_property
    def _stamp(self) -> Stamp:
        return Stamp("1", instant(self.moment))

    @cached_property
    def _tenant(self) -> bytes:
        return packing.text(self.tenant)

    @cached_property
    def _constant(self) -> dict[str, bytes]:
        """What all rows of a type begin with: tenant, type, version, updated."""
        before = packing.columns(len(RESOURCE_COLUMNS)) + self._tenant
        after = packing.integer(1) + packing.timestamps([self.moment])[0]
        return {kind: before + packing.text(kind) + after for kind in DATES}


def _require_text(first: int, lines: bytes) -> None:
    """What is no UTF-8 is no JSON, and PostgreSQL would store a U+0000 that it cannot read."""
    place, sentence = nul(lines), "\\u0000: a character that cannot be stored"
    if not lines.isascii():
        try:
            lines.decode()
        except UnicodeDecodeError as error:
            place, sentence = error.start, "not JSON: not UTF-8"
    if place is not None:
        raise InputError(f"{sentence}.", first + lines.count(b"\n", 0, place) + 1)


def _kinds(known: list[Any]) -> list[str]:
    sentence = "resourceType: not one that the platform keeps"
    try:
        kinds = {each.resourceType for each in known}
    except TypeError:  # not hashable
        raise ValueError(sentence) from None
    if not kinds <= DATES.keys():
        raise ValueError(sentence)
    return list(kinds)


def _require_ids(ids: Collection[Any], sentence: str) -> None:
    """ValueError with this sentence unless all are FHIR ids."""
    try:
        other = "".join(ids).encode().translate(None, ID_CHARACTERS)
    except (TypeError, UnicodeEncodeError):
        raise ValueError(sentence) from None
    if other or not all(ids) or max(map(len, ids)) > ID_LENGTH:
        raise ValueError(sentence)


def _subjects(kind: str, known: list[Any]) -> list[str]:
    """The ids of the patients that they are about."""
    name, sentence = SUBJECTS[kind], "subject: not a reference to a Patient"
    try:
        links = [getattr(each, name)["reference"] for each in known]
        patients = [each.removeprefix("Patient/") for each in links]
    except (AttributeError, KeyError, TypeError):
        raise ValueError(sentence) from None
    _require_ids(set(patients), sentence)
    return patients


def _moments(kind: str, known: list[Any]) -> Sequence[datetime | None]:
    """When they happened or began. One that nobody can read would break a chart much later."""
    name = DATES[kind][0]
    texts = [getattr(each, name) for each in known]
    if set(map(type, texts)) != {str}:
        return [_moment(kind, each) for each in known]
    moments = [moment_of(text) for text in texts]
    if None in moments:
        raise ValueError(f"{name}: not a date")
    return moments


def _moment(kind: str, known: Any) -> datetime | None:
    """The same for one with a period, or with none."""
    for name in DATES[kind]:
        value = getattr(known, name)
        if isinstance(value, dict) and "start" not in value:
            return None
        if value is not None:
            moment = moment_of(value["start"] if isinstance(value, dict) else value)
            if moment is None:
                raise ValueError(f"{name}: not a date")
            return moment
    return None


def _check(kind: str, line: bytes) -> None:
    """Hold the line against the contract; pydantic's ValidationError is a ValueError."""
    from pydantic import ValidationError

    from reference_platform.contract.resources import RESOURCES

    try:
        RESOURCES[kind].model_validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{place}: {problem['msg']}") from None
