"""Switch 2, "legacy systems produce inconsistent data": whether it can be true.

Without it a heart rate of -400 and a temperature in the wrong unit are numbers like any other;
they are stored, scored, and acted upon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from reference_platform.outcomes import Refusal
from reference_platform.plausibility import (
    Resource,
    dates,
    entries,
    objects,
    required_codes,
    statuses,
)
from reference_platform.vital_signs import BY_CODE, UCUM, VitalSign

_ISSUES = 10


class SemanticValidation(Protocol):
    """What may be stored, and what may be scored."""

    def resource(self, resource: Resource, now: datetime) -> Resource:
        """What to store; Refusal 422 `business-rule` for what cannot be true."""
        ...

    def measured(self, sign: VitalSign, quantity: object) -> float | None:
        """The value of a stored Quantity in the unit of `sign`, None when it cannot be used."""
        ...


class Pilot:
    """A number is a number."""

    def resource(self, resource: Resource, now: datetime) -> Resource:  # noqa: ARG002
        """As it came."""
        return resource

    def measured(self, sign: VitalSign, quantity: object) -> float | None:  # noqa: ARG002
        """As it is stored, whatever its unit."""
        value = quantity.get("value") if isinstance(quantity, dict) else None
        return value if isinstance(value, int | float) else None


class Production:
    """Codes, dates, units and limits, each from its table."""

    def resource(self, resource: Resource, now: datetime) -> Resource:
        """The resource, or all resources of a Bundle, with vital signs in their own units."""
        issues: list[str] = []
        for each in entries(resource):
            issues += [*required_codes(each), *statuses(each), *dates(each, now), *_units(each)]
        if issues:
            raise Refusal(422, *issues[:_ISSUES], code="business-rule")
        return resource

    def measured(self, sign: VitalSign, quantity: object) -> float | None:
        """A value that can be true and that is no mere bound; older rows may hold others."""
        if not isinstance(quantity, dict) or "comparator" in quantity:
            return None
        try:
            return sign.converted(quantity["value"], _unit(quantity))
        except (KeyError, TypeError, ValueError):
            return None


def _units(resource: Resource) -> Iterator[str]:
    """Bring vital signs to their own units; a sentence for each that cannot be."""
    if resource.get("resourceType") != "Observation":
        return
    values: dict[str, float] = {}
    for part in chain([resource], objects(resource, "component")):
        signs = {sign.name: sign for sign in map(BY_CODE.get, _codes(part)) if sign is not None}
        if len(signs) > 1:
            yield f"Observation.code: {' and '.join(sorted(signs))} at once."
        for sign in signs.values():
            yield from _attempt(sign, part, values)
    systolic, diastolic = (values.get(f"{x}_blood_pressure") for x in ("systolic", "diastolic"))
    if systolic is not None and diastolic is not None and systolic < diastolic:
        yield "Observation.component: the systolic pressure is below the diastolic one."


def _attempt(sign: VitalSign, part: Resource, values: dict[str, float]) -> Iterator[str]:
    other = [name for name in part if name.startswith("value") and name != "valueQuantity"]
    if other:
        yield f"Observation.{other[0]}: {sign.name} is a Quantity."
    quantity = part.get("valueQuantity")
    if not isinstance(quantity, dict) or not isinstance(quantity.get("value"), int | float):
        return  # not measured, or the schema's concern
    if quantity.get("system", UCUM) != UCUM:
        yield f"Observation.valueQuantity.system: write {UCUM}."
        return
    try:
        values[sign.name] = sign.converted(quantity["value"], _unit(quantity))
    except ValueError as error:
        yield f"Observation.valueQuantity: {error}."
        return
    quantity.update(_own(sign, values[sign.name], quantity))


def _own(sign: VitalSign, value: float, quantity: Mapping[str, Any]) -> dict[str, Any]:
    """What changes in a quantity that is brought to the unit of its sign."""
    if value == quantity["value"] and quantity.get("code") == sign.unit:
        return {}
    return {"value": value, "unit": sign.unit, "system": UCUM, "code": sign.unit}


def _unit(quantity: Mapping[str, Any]) -> object:
    return quantity.get("code", quantity.get("unit"))


def _codes(part: Resource) -> list[str]:
    codings = [coding for code in objects(part, "code") for coding in objects(code, "coding")]
    return [coding["code"] for coding in codings if isinstance(coding.get("code"), str)]
