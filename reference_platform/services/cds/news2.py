"""NEWS2, the National Early Warning Score (Royal College of Physicians, London 2017, chart 1).

A band is an upper bound, inclusive, and its points; the last one has none. Measurements are
rounded to the precision of the chart: whole numbers, and tenths of a degree Celsius.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from reference_platform.contract.cds import Consciousness, Risk

Bands = Sequence[tuple[float, int]]

RESPIRATION_RATE: Bands = ((8, 3), (11, 1), (20, 0), (24, 2), (math.inf, 3))
SCALE_1: Bands = ((91, 3), (93, 2), (95, 1), (math.inf, 0))
SCALE_2_ON_AIR: Bands = ((83, 3), (85, 2), (87, 1), (math.inf, 0))
SCALE_2_ON_OXYGEN: Bands = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (math.inf, 3))
SYSTOLIC_BLOOD_PRESSURE: Bands = ((90, 3), (100, 2), (110, 1), (219, 0), (math.inf, 3))
PULSE: Bands = ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (math.inf, 3))
TEMPERATURE: Bands = ((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (math.inf, 2))
SUPPLEMENTAL_OXYGEN = 2
ALTERED_CONSCIOUSNESS = 3
_RED, _MEDIUM, _HIGH = 3, 5, 7


@dataclass(frozen=True, slots=True)
class Vitals:
    """Per minute, percent, mmHg, degrees Celsius, ACVPU; None is what was not measured."""

    respiration_rate: float | None = None
    oxygen_saturation: float | None = None
    supplemental_oxygen: bool | None = None
    systolic_blood_pressure: float | None = None
    pulse: float | None = None
    consciousness: Consciousness | None = None
    temperature: float | None = None

    @property
    def missing(self) -> list[str]:
        """The parameters without which there is no score."""
        return [name for name in PARAMETERS if getattr(self, name) is None]


PARAMETERS: tuple[str, ...] = tuple(field.name for field in fields(Vitals))


def points(vitals: Vitals, scale: int) -> dict[str, int]:
    """Points per parameter that was measured; the saturation's need the oxygen on scale 2."""
    known = {name: getattr(vitals, name) for name in PARAMETERS if name not in vitals.missing}
    if scale == 2 and "supplemental_oxygen" not in known:  # noqa: PLR2004
        known.pop("oxygen_saturation", None)
    return {name: _points(name, value, known, scale) for name, value in known.items()}


def risk(parameters: Mapping[str, int]) -> Risk:
    """The clinical risk of a complete set of points (chart 2)."""
    total = sum(parameters.values())
    if total >= _HIGH:
        return "high"
    if total >= _MEDIUM:
        return "medium"
    return "low-medium" if _RED in parameters.values() else "low"


def _points(name: str, value: Any, known: Mapping[str, Any], scale: int) -> int:
    if name == "supplemental_oxygen":
        return SUPPLEMENTAL_OXYGEN if value else 0
    if name == "consciousness":
        return 0 if value == "A" else ALTERED_CONSCIOUSNESS
    if name == "oxygen_saturation":
        return _band(_saturation(scale, known.get("supplemental_oxygen")), _rounded(value))
    digits = 1 if name == "temperature" else 0
    return _band(_BANDS[name], _rounded(value, digits))


def _saturation(scale: int, on_oxygen: bool | None) -> Bands:  # noqa: FBT001
    if scale == 1:
        return SCALE_1
    return SCALE_2_ON_OXYGEN if on_oxygen else SCALE_2_ON_AIR


def _band(bands: Bands, value: float) -> int:
    return next(score for upper, score in bands if value <= upper)


def _rounded(value: float, digits: int = 0) -> float:
    """Half up, as people round; Python rounds half to even."""
    factor = 10.0**digits
    return math.floor(value * factor + 0.5) / factor


_BANDS = {
    "respiration_rate": RESPIRATION_RATE,
    "systolic_blood_pressure": SYSTOLIC_BLOOD_PRESSURE,
    "pulse": PULSE,
    "temperature": TEMPERATURE,
}
