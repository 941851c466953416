"""The codes that FHIR R4 and HL7 v2.5.1 allow where a field is bound to them.

Source: the required bindings of https://hl7.org/fhir/R4/terminologies-valuesets.html, the value set
v3-ActEncounterCode (to which Encounter.class is bound extensibly), and HL7 v2.5.1 chapter 2.A.
"""

from __future__ import annotations

from collections.abc import Mapping

Codes = frozenset[str]


def _codes(text: str) -> Codes:
    return frozenset(text.split())


_CLINICAL = "active inactive resolved"
_VERIFICATION = "unconfirmed confirmed refuted entered-in-error"
_STATUS = "entered-in-error unknown"

REQUIRED: Mapping[str, Mapping[str, Codes]] = {
    "Patient": {
        "gender": _codes("male female other unknown"),
        "name.use": _codes("usual official temp nickname anonymous old maiden"),
        "telecom.system": _codes("phone fax email pager url sms other"),
        "telecom.use": _codes("home work temp old mobile"),
        "address.use": _codes("home work temp old billing"),
        "identifier.use": _codes("usual official temp secondary old"),
    },
    "Observation": {
        "status": _codes(f"registered preliminary final amended corrected cancelled {_STATUS}"),
        "valueQuantity.comparator": _codes("< <= >= >"),
    },
    "Condition": {
        "clinicalStatus.coding.code": _codes(f"{_CLINICAL} recurrence relapse remission"),
        "verificationStatus.coding.code": _codes(f"{_VERIFICATION} provisional differential"),
    },
    "MedicationRequest": {
        "status": _codes(f"active on-hold cancelled completed stopped draft {_STATUS}"),
        "intent": _codes(
            "proposal plan order original-order reflex-order filler-order instance-order option"
        ),
    },
    "AllergyIntolerance": {
        "clinicalStatus.coding.code": _codes(_CLINICAL),
        "verificationStatus.coding.code": _codes(_VERIFICATION),
        "type": _codes("allergy intolerance"),
        "category": _codes("food medication environment biologic"),
        "criticality": _codes("low high unable-to-assess"),
    },
    "Encounter": {
        "status": _codes(
            f"planned arrived triaged in-progress onleave finished cancelled {_STATUS}"
        ),
        "class.code": _codes("AMB EMER FLD HH IMP ACUTE NONAC OBSENC PRENC SS VR"),
    },
    "Appointment": {
        "status": _codes(
            "proposed pending booked arrived fulfilled cancelled noshow entered-in-error "
            "checked-in waitlist"
        ),
        "participant.status": _codes("accepted declined tentative needs-action"),
    },
}
"""By resource type and the path of an element, without places in lists."""

SUBJECTS: Mapping[str, Mapping[str, Codes]] = {
    "Observation": {"subject": _codes("Patient Group Device Location")},
    "Condition": {"subject": _codes("Patient Group")},
    "MedicationRequest": {"subject": _codes("Patient Group")},
    "AllergyIntolerance": {"patient": _codes("Patient")},
    "Encounter": {"subject": _codes("Patient Group")},
    "Appointment": {
        "participant.actor": _codes(
            "Patient Practitioner PractitionerRole RelatedPerson Device HealthcareService Location"
        )
    },
}
"""What a reference may be to."""

# The fields of rows that hold an element of ``REQUIRED``, where the names differ.
_FIELDS = {
    "clinicalStatus.coding.code": "clinical_status",
    "verificationStatus.coding.code": "verification_status",
    "class.code": "class",
}

FIELDS: Mapping[str, Mapping[str, Codes]] = {
    resource: {_FIELDS.get(path, path): codes for path, codes in paths.items()}
    for resource, paths in REQUIRED.items()
}
"""The same by the field of rows."""

MESSAGE_FIELDS: Mapping[str, Codes] = {
    "sex": _codes("F M O U A N"),
    "patient_class": _codes("E I O P R B C N U"),
    "character_set": frozenset({"UNICODE UTF-8", "8859/1"}),
}
"""Fields of the rows of HL7 v2 messages: tables 0001, 0004 and 0211."""
