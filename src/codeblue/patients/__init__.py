"""Synthetic patients: populations, FHIR R4 and HL7 v2, from the tables of ``synthetic_data/``.

A population is virtual. Patient ``i`` is a pure function of the population's seed and ``i``, so
nothing is stored, any one of them renders at once, and every run on every day sees the same bytes.
"""

from codeblue.patients.person import Measured, Patient
from codeblue.patients.population import Population, load_population

__all__ = ["Measured", "Patient", "Population", "load_population"]
