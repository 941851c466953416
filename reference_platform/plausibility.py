"""Rules about FHIR resources that a schema cannot say: tables, and what reads them.

Nothing here relies on the schema having been checked: what has the wrong shape is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

Resource = dict[str, Any]

# Required bindings of CodeableConcepts (the "binding" of each element at https://hl7.org/fhir/R4/).
BINDINGS: dict[tuple[str, str], frozenset[str]] = {
    ("AllergyIntolerance", "clinicalStatus"): frozenset({"active", "inactive", "resolved"}),
    ("AllergyIntolerance", "verificationStatus"): frozenset(
        {"unconfirmed", "confirmed", "refuted", "entered-in-error"}
    ),
    ("Condition", "clinicalStatus"): frozenset(
        {"active", "recurrence", "relapse", "inactive", "remission", "resolved"}
    ),
    ("Condition", "verificationStatus"): frozenset(
        {
            "unconfirmed", "provisional", "differential", "confirmed", "refuted",
            "entered-in-error",
        }
    ),
}  # fmt: skip

# What comes first cannot come last: resource type, earlier, later.
ORDERS: tuple[tuple[str, str, str], ...] = (
    ("Patient", "birthDate", "deceasedDateTime"),
    ("Condition", "onsetDateTime", "abatementDateTime"),
    ("Condition", "onsetDateTime", "recordedDate"),
)
# What has happened to a person is not ahead, and nobody alive was born before this date: the
# longest life on record lasted 122 years.
PAST: dict[str, tuple[str, ...]] = {"Patient": ("birthDate", "deceasedDateTime")}
EARLIEST_BIRTH = datetime(1890, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def entries(resource: Resource) -> list[Resource]:
    """The resources of a Bundle; of anything else, itself."""
    if resource.get("resourceType") != "Bundle":
        return [resource]
    return [r for entry in objects(resource, "entry") for r in objects(entry, "resource")]


def objects(parent: Resource, name: str) -> list[Resource]:
    """What `name` holds, one or several, as far as it is an object."""
    value = parent.get(name)
    several = value if isinstance(value, list) else [value]
    return [each for each in several if isinstance(each, dict)]


def required_codes(resource: Resource) -> Iterator[str]:
    """Codes that a required binding does not know."""
    kind = resource.get("resourceType")
    for (bound, path), allowed in BINDINGS.items():
        codes = _codes(resource, path) if bound == kind else []
        if codes and not any(code in allowed for code in codes):
            yield f"{kind}.{path}: write one of {', '.join(sorted(allowed))}."


def statuses(resource: Resource) -> Iterator[str]:
    """Statuses that contradict each other: invariants con-4, con-5 and ait-2 of FHIR R4."""
    kind = resource.get("resourceType")
    if kind not in ("Condition", "AllergyIntolerance"):
        return
    clinical = _codes(resource, "clinicalStatus")
    if clinical and "entered-in-error" in _codes(resource, "verificationStatus"):
        yield f"{kind}.clinicalStatus: what was entered in error has none."
    if "abatementDateTime" in resource and {"active", "recurrence", "relapse"} & {*clinical}:
        yield f"{kind}.abatementDateTime: a condition that has ended is not active."


def dates(resource: Resource, now: datetime) -> Iterator[str]:
    """Ends before beginnings, and what cannot lie in the future or that far back."""
    kind = resource.get("resourceType")
    for bound, earlier, later in ORDERS:
        if bound == kind and _reversed(resource.get(earlier), resource.get(later)):
            yield f"{kind}.{later}: before {earlier}."
    for name in PAST.get(str(kind), ()):
        moment = _moment(resource.get(name))
        if moment is not None and moment > now + _DAY:  # somewhere it may be tomorrow already
            yield f"{kind}.{name}: in the future."
        if moment is not None and moment < EARLIEST_BIRTH:
            yield f"{kind}.{name}: before {EARLIEST_BIRTH.date()}."
    yield from _periods(resource, str(kind))


def _periods(value: object, place: str) -> Iterator[str]:
    """Every Period of the resource, wherever it is."""
    if isinstance(value, list):
        for each in value:
            yield from _periods(each, place)
    elif isinstance(value, dict):
        if _reversed(value.get("start"), value.get("end")):
            yield f"{place}: its end is before its start."
        for name, each in value.items():
            if isinstance(each, dict | list):
                yield from _periods(each, f"{place}.{name}")


def _codes(resource: Resource, path: str) -> list[object]:
    return [c.get("code") for x in objects(resource, path) for c in objects(x, "coding")]


def _reversed(earlier: object, later: object) -> bool:
    """Whether `later` is over before `earlier` begins; a date lasts all day."""
    first, last = _moment(earlier), _moment(later)
    if first is None or last is None:
        return False
    if len(str(later)) == len("YYYY-MM-DD"):
        return first - last >= _DAY
    return first > last


def _moment(text: object) -> datetime | None:
    """The beginning of a FHIR date or dateTime; None when it cannot be read."""
    if not isinstance(text, str):
        return None
    try:
        if "T" in text:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
