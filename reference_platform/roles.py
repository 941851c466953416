"""Roles, and what each of them may do: the most that any token of the role can be granted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference_platform.scopes import Scope


@dataclass(frozen=True, slots=True)
class Role:
    """The contexts of its scopes, the first of them its own, and letters of `cruds` by resource."""

    contexts: tuple[str, ...]
    grants: Mapping[str, str]
    breaks_glass: bool = False

    def grants_of(self, scope: Scope) -> bool:
        """Whether anything at all is left of `scope` for this role."""
        if scope.context not in self.contexts:
            return False
        wanted = self.grants if scope.resource == "*" else (scope.resource,)
        return any(set(scope.letters) & set(self.grants.get(each, "")) for each in wanted)

    @property
    def everything(self) -> str:
        """The scope of a token that was not narrowed."""
        return f"{self.contexts[0]}/*.cruds"


_CARE = ("Encounter", "Observation", "Condition", "AllergyIntolerance", "MedicationRequest")

ROLES: Mapping[str, Role] = {
    # Bedside and desk: the whole chart, but not the trail of who looked at it.
    "clinician": Role(
        ("user", "patient"),
        {
            **dict.fromkeys(("Patient", *_CARE, "Appointment", "Slot", "Consent"), "cruds"),
            "ServiceRequest": "cruds",
            **dict.fromkeys(("Coverage", "Provenance"), "rs"),
        },
        breaks_glass=True,
    ),
    # Measures and documents; does not prescribe, diagnose or register.
    "nurse": Role(
        ("user", "patient"),
        {
            **dict.fromkeys(("Patient", "Condition", "MedicationRequest", "Slot"), "rs"),
            **dict.fromkeys(("Consent", "Coverage", "ServiceRequest", "Provenance"), "rs"),
            **dict.fromkeys(("Encounter", "Observation", "AllergyIntolerance"), "crus"),
            "Appointment": "crs",
        },
    ),
    # Reads what is about oneself, books, and says who may see it.
    "patient": Role(
        ("patient",),
        {
            **dict.fromkeys(("Patient", *_CARE, "Slot"), "rs"),
            "Appointment": "crs",
            "Consent": "crus",
        },
    ),
    # Runs the platform, and needs nobody's chart for it.
    "administrator": Role(("user",), {"Slot": "cruds"}),
    # Sees who did what.
    "auditor": Role(("user",), {"AuditEvent": "rs", "Provenance": "rs"}),
    # A program: imports and exports.
    "system": Role(
        ("system",),
        {
            **dict.fromkeys(("Patient", *_CARE, "Appointment", "Slot", "Consent"), "crus"),
            "ServiceRequest": "crus",
            **dict.fromkeys(("Coverage", "Provenance"), "rs"),
        },
    ),
}
"""By name. Operations without a resource name their roles themselves."""
