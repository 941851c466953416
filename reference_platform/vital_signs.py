"""The vital signs that the platform knows: their codes, their units, and what can be true of them.

Codes: FHIR R4 vital signs (https://hl7.org/fhir/R4/observation-vitalsigns.html) and LOINC; units:
UCUM, whose annotations in braces mean nothing. The limits are generous: outside of them stands
what no living patient has, not what is unusual.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

UCUM = "http://unitsofmeasure.org"
_ANNOTATION = re.compile(r"\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value in another unit, times `factor`, plus `offset`, is one in the sign's own."""

    factor: float
    offset: float = 0.0


_SAME = Conversion(1.0)


@dataclass(frozen=True, slots=True)
class VitalSign:
    """One sign: limits in its own `unit`; `others` are the units that can be converted."""

    name: str
    codes: tuple[str, ...]
    unit: str
    low: float
    high: float
    others: Mapping[str, Conversion] = field(default_factory=dict)

    def converted(self, value: float, unit: object) -> float:
        """`value` in the sign's own unit; ValueError: no such unit, or beyond what can be true."""
        conversion = self._conversion(unit)
        own = value * conversion.factor + conversion.offset
        # Exact where nothing is converted; beyond that no thermometer tells more.
        own = value if conversion is _SAME else round(own, 2)
        if not self.low <= own <= self.high:
            raise ValueError(f"{self.name} is from {self.low:g} to {self.high:g} {self.unit}")
        return own

    def _conversion(self, unit: object) -> Conversion:
        """Annotations aside: `{beats}/min` is `/min`."""
        spelled = _ANNOTATION.sub("", unit) if isinstance(unit, str) else ""
        if spelled == self.unit:
            return _SAME
        if spelled not in self.others:
            known = ", ".join([self.unit, *self.others])
            raise ValueError(f"{self.name} is measured in UCUM {known}")
        return self.others[spelled]


_PER_MINUTE = {"1/min": _SAME, "min-1": _SAME, "/s": Conversion(60), "Hz": Conversion(60)}
_PRESSURE = {"kPa": Conversion(7.50062)}  # 101.325 kPa = 760 mm[Hg]
_FAHRENHEIT = Conversion(5 / 9, -160 / 9)
_LITRES = {"l/min": _SAME, "mL/min": Conversion(0.001)}

SIGNS: tuple[VitalSign, ...] = (
    VitalSign("respiration_rate", ("9279-1",), "/min", 0, 100, _PER_MINUTE),
    VitalSign("oxygen_saturation", ("59408-5", "2708-6"), "%", 0, 100),
    VitalSign("systolic_blood_pressure", ("8480-6",), "mm[Hg]", 0, 350, _PRESSURE),
    VitalSign("diastolic_blood_pressure", ("8462-4",), "mm[Hg]", 0, 250, _PRESSURE),
    VitalSign("pulse", ("8867-4",), "/min", 0, 350, _PER_MINUTE),
    VitalSign(
        "temperature", ("8310-5",), "Cel", 20, 45,
        {"[degF]": _FAHRENHEIT, "K": Conversion(1, -273.15)},
    ),
    VitalSign("oxygen_flow", ("3151-8",), "L/min", 0, 100, _LITRES),
    VitalSign(
        "body_weight", ("29463-7",), "kg", 0, 700,
        {"g": Conversion(0.001), "[lb_av]": Conversion(0.45359237)},
    ),
    VitalSign(
        "body_height", ("8302-2",), "cm", 0, 300,
        {"m": Conversion(100), "[in_i]": Conversion(2.54)},
    ),
)  # fmt: skip
BY_CODE: dict[str, VitalSign] = {code: sign for sign in SIGNS for code in sign.codes}
"""LOINC code -> the sign that it names."""
