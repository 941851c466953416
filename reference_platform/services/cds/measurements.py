"""From a patient's observations to the vital signs of a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference_platform.contract.cds import Codes, Consciousness
from reference_platform.decisions.semantic_validation import SemanticValidation
from reference_platform.services.cds.news2 import Vitals
from reference_platform.vital_signs import BY_CODE

PRESSURE_PANEL = "85354-9"
CONSCIOUSNESS = "80288-4"
OXYGEN_THERAPY = "57485005"
"""SNOMED CT: an Observation of it says with valueBoolean whether the patient is on oxygen."""
CODES: tuple[str, ...] = (*BY_CODE, PRESSURE_PANEL, CONSCIOUSNESS, OXYGEN_THERAPY)

# ACVPU by itself, and as the SNOMED CT findings that mean it.
_CONSCIOUSNESS: dict[str, Consciousness] = {
    "A": "A", "C": "C", "V": "V", "P": "P", "U": "U",
    "248234008": "A",  # mentally alert
    "130987000": "C",  # acute confusion
    "300202002": "V",  # responds to voice
    "450847001": "P",  # responds to pain
    "422768004": "U",  # unresponsive
}  # fmt: skip

Observations = Mapping[str, Mapping[str, Any]]
"""The latest Observation by its code, in the order in which they were recorded."""


def asked_codes(local: Codes) -> list[str]:
    """The codes to ask for: those of the standards, and the hospital's own."""
    return [*CODES, *(code.local for code in local.vital_signs)]


def standard(observations: Observations, local: Codes) -> dict[str, Mapping[str, Any]]:
    """`observations` by standard codes, in their order."""
    meaning = {code.local: code.loinc for code in local.vital_signs}
    return {meaning.get(code, code): each for code, each in observations.items()}


def vitals(observations: Observations, validation: SemanticValidation) -> Vitals:
    """What was measured; None for the rest, which is never assumed.

    Room air has to be recorded too: as an oxygen flow of 0, or as oxygen therapy false.
    """
    values = _values(observations, validation)
    flow = values.get("oxygen_flow")
    therapy = observations.get(OXYGEN_THERAPY, {}).get("valueBoolean")
    return Vitals(
        respiration_rate=values.get("respiration_rate"),
        oxygen_saturation=values.get("oxygen_saturation"),
        supplemental_oxygen=therapy if flow is None else flow > 0,
        systolic_blood_pressure=values.get("systolic_blood_pressure"),
        pulse=values.get("pulse"),
        temperature=values.get("temperature"),
        consciousness=_consciousness(observations.get(CONSCIOUSNESS, {})),
    )


def _values(observations: Observations, validation: SemanticValidation) -> dict[str, float]:
    """By the name of the sign; the components of a panel are as good as observations."""
    values: dict[str, float] = {}
    for code, observation in observations.items():
        for measured, part in {code: observation, **_components(observation)}.items():
            sign = BY_CODE.get(measured)
            if sign is None:
                continue
            value = validation.measured(sign, part.get("valueQuantity"))
            if value is not None:
                values[sign.name] = value
    return values


def _components(observation: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        coding.get("code", ""): component
        for component in observation.get("component", [])
        for coding in component["code"].get("coding", [])
    }


def _consciousness(observation: Mapping[str, Any]) -> Consciousness | None:
    codings = observation.get("valueCodeableConcept", {}).get("coding", [])
    spelled = [*(coding.get("code") for coding in codings), observation.get("valueString")]
    return next((_CONSCIOUSNESS[each] for each in spelled if each in _CONSCIOUSNESS), None)
