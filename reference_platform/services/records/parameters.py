"""FHIR search parameters of what records keeps, as SQL conditions.

An index finds the rows by tenant, patient, id, identifier, name, gender or date of birth; the other
parameters narrow down what belongs to a patient, as their models in the contract demand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import orjson

from reference_platform.outcomes import Refusal
from reference_platform.services.call import Call

_LAST_CHARACTER = "\U0010ffff"
_PREFIXES = ("eq", "ge", "le", "gt", "lt")

Condition = tuple[str, tuple[object, ...]]
"""SQL with `{}` for each argument, and the arguments."""


def _coding(token: str) -> dict[str, str]:
    system, bar, code = token.rpartition("|")
    return {"system": system, "code": code} if bar and system else {"code": code}


_GLANCE = """
    CASE WHEN strpos(r.content::text, {{}}) > 0 OR strpos(r.content::text, '\\') > 0
    THEN {} ELSE false END
"""
"""To parse a resource takes several times as long as to look for a code in its text, where it
stands as it is unless something is escaped with a backslash."""


def _within(value: str, token: str, wanted: Callable[[dict[str, str]], object]) -> Condition:
    """SQL on `value`, a part of the content that is compared as jsonb."""
    coding = _coding(token)
    sql = _GLANCE.format(f"({value})::jsonb @> {{}}::jsonb")
    return sql, (coding["code"], orjson.dumps(wanted(coding)).decode())


def _concept(member: str) -> Callable[[str], Condition]:
    """A CodeableConcept with this coding."""
    value = f"r.content -> '{member}' -> 'coding'"
    return lambda token: _within(value, token, lambda coding: [coding])


def _concepts(member: str) -> Callable[[str], Condition]:
    """One of several CodeableConcepts."""
    value = f"r.content -> '{member}'"
    return lambda token: _within(value, token, lambda coding: [{"coding": [coding]}])


def _codes(member: str) -> Callable[[str], Condition]:
    """One of several codes."""
    value = f"r.content -> '{member}'"
    return lambda token: _within(value, token, lambda coding: [coding["code"]])


def _code(member: str) -> Callable[[str], Condition]:
    """A code."""
    sql = _GLANCE.format(f"r.content ->> '{member}' = {{}}")
    return lambda token: (sql, (_coding(token)["code"],) * 2)


_NARROWING: dict[str, dict[str, Callable[[str], Condition]]] = {
    "Observation": {
        "code": _concept("code"), "category": _concepts("category"), "status": _code("status"),
    },
    "AllergyIntolerance": {
        "code": _concept("code"), "category": _codes("category"),
        "clinical-status": _concept("clinicalStatus"),
    },
    "Encounter": {"status": _code("status")},
    "Condition": {
        "code": _concept("code"), "category": _concepts("category"),
        "clinical-status": _concept("clinicalStatus"),
    },
    "MedicationRequest": {
        "code": _concept("medicationCodeableConcept"), "intent": _code("intent"),
        "status": _code("status"),
    },
    "Consent": {"category": _concepts("category"), "status": _code("status")},
}  # fmt: skip
_DATES = ("date", "birthdate", "onset-date", "authoredon")


def conditions(kind: str, call: Call) -> tuple[list[str], list[object]]:
    """SQL conditions on `resources r`, all of them constants of this file, and their arguments."""
    where, arguments = [f"r.type = '{kind}'"], list[object]()
    for sql, values in _asked(kind, call):
        places = [f"${len(arguments) + n + 1}" for n in range(len(values))]
        arguments.extend(values)
        where.append(sql.format(*places))
    return where, arguments


def _asked(kind: str, call: Call) -> Iterator[Condition]:
    given = call.query
    indexed_alone = any(name in given for name in ("_id", "patient", "identifier"))
    if not indexed_alone or any(name in given for name in ("family", "gender", "birthdate")):
        yield "r.tenant = {}", (call.tenant,)
    if "_id" in given:
        yield "r.id = {}", (given["_id"],)
    if "identifier" in given:
        sql = "r.id IN (SELECT i.id FROM identifiers i WHERE i.value = {} AND i.type = r.type)"
        yield sql, (given["identifier"],)
    yield from _of_patient(given["patient"]) if "patient" in given else ()
    yield from _demographics(call) if kind == "Patient" else ()
    for name, condition in _NARROWING.get(kind, {}).items():
        if name in given:
            yield condition(given[name])
    for name in _DATES:
        for value in given.getlist(name):
            yield from _days(value)


def _of_patient(reference: str) -> Iterator[Condition]:
    yield "r.patient = {}", (reference.removeprefix("Patient/"),)


def _demographics(call: Call) -> Iterator[Condition]:
    if (family := call.query.get("family")) is not None:
        first = family.lower()
        yield "r.family >= {} AND r.family < {}", (first, first + _LAST_CHARACTER)
    if (gender := call.query.get("gender")) is not None:
        yield "r.gender = {}", (gender,)


def _days(value: str) -> Iterator[Condition]:
    """`ge2026-05-01` and the like; a day lasts 24 hours in UTC (FHIR R4 search, 3.1.1.4.7)."""
    prefix, text = (value[:2], value[2:]) if value[:2] in _PREFIXES else ("eq", value)
    try:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        end = begin + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Refusal(400, "date: write YYYY-MM-DD after eq, ge, le, gt or lt.") from None
    if prefix in ("eq", "ge"):
        yield "r.date >= {}", (begin,)
    if prefix == "gt":
        yield "r.date >= {}", (end,)
    if prefix in ("eq", "le"):
        yield "r.date < {}", (end,)
    if prefix == "lt":
        yield "r.date < {}", (begin,)
