from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_platform import compartment, scopes
from reference_platform.decisions.object_scopes import EVERYTHING, Pilot, Production
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.services.gateway.operations import OPERATIONS
from reference_platform.services.gateway.visibility import seen

NOW = datetime(2026, 5, 17, 12, tzinfo=UTC)

# The oracle: the table of roles written once more, by hand, as strings and not as the module does.
CLINICAL = ("Encounter", "Observation", "Condition", "AllergyIntolerance", "MedicationRequest")
RESOURCES = (
    "Patient",
    *CLINICAL,
    "Appointment",
    "Slot",
    "Consent",
    "Provenance",
    "AuditEvent",
    "Coverage",
    "ServiceRequest",
)
MAY = {
    "clinician": " ".join(f"{r}:cruds" for r in RESOURCES[:9])
    + " Provenance:rs Coverage:rs ServiceRequest:cruds",
    "nurse": "Patient:rs Condition:rs MedicationRequest:rs Slot:rs Encounter:crus "
    "Observation:crus AllergyIntolerance:crus Appointment:crs Consent:rs Provenance:rs "
    "Coverage:rs ServiceRequest:rs",
    "patient": " ".join(f"{r}:rs" for r in ("Patient", *CLINICAL, "Slot"))
    + " Appointment:crs Consent:crus",
    "administrator": "Slot:cruds",
    "auditor": "AuditEvent:rs Provenance:rs",
    "system": " ".join(f"{r}:crus" for r in RESOURCES[:9])
    + " Provenance:rs Coverage:rs ServiceRequest:crus",
    "janitor": "",
}
CONTEXTS = {
    "clinician": ("user", "patient"), "nurse": ("user", "patient"), "patient": ("patient",),
    "administrator": ("user",), "auditor": ("user",), "system": ("system",), "janitor": (),
}  # fmt: skip
SCOPES = (
    "user/*.cruds", "patient/*.cruds", "system/*.cruds", "user/Patient.rs", "patient/Patient.rs",
    "user/Observation.read", "user/Observation.write", "patient/Consent.*", "system/*.rs",
    "user/AuditEvent.rs", "user/Observation.c user/Slot.s", "", "launch openid", "user/*.sr",
    "user/observation.rs", "user/Slot.*",
)  # fmt: skip
VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


def allowed_by_scope(role: str, scope: str, resource: str, letter: str) -> bool:
    """By string comparison: no regular expression, no shared code."""
    for word in scope.split():
        context, slash, rest = word.partition("/")
        kind, _, letters = rest.partition(".")
        letters = VERSION_1.get(letters, letters)
        in_order = letters == "".join(each for each in "cruds" if each in letters)
        fits = kind in ("*", resource) and letter in letters
        if slash and letters and in_order and fits and context in CONTEXTS[role]:
            return True
    return False


def allowed(role: str, scope: str, resource: str, letter: str) -> bool:
    grants = dict(each.split(":") for each in MAY[role].split())
    by_role = letter in grants.get(resource, "")
    return by_role and allowed_by_scope(role, scope, resource, letter)


def granted(who: Identity, *needs: tuple[str, str], roles: tuple[str, ...] = ()) -> bool:
    try:
        return bool(Production().access(who, needs, roles).allowances)
    except Refusal as refusal:
        return refusal.status != 403


def test_the_matrix_of_role_scope_resource_and_operation() -> None:
    cells = list(product(MAY, SCOPES, RESOURCES, "cruds"))
    wrong = [
        (role, scope, resource, letter)
        for role, scope, resource, letter in cells
        if granted(Identity("t", role, "s", scope), (resource, letter))
        is not allowed(role, scope, resource, letter)
    ]
    assert wrong == []
    assert len(cells) >= 500
    assert 200 <= sum(allowed(*cell) for cell in cells) <= len(cells) - 200


def test_every_operation_is_decided_for_every_role() -> None:
    """Operations of one resource as the matrix has it; the others by the roles that they name."""
    for operation, role in product(OPERATIONS, MAY):
        scope = " ".join(f"{context}/*.cruds" for context in CONTEXTS[role][:1])
        named = role in operation.roles
        if operation.needs:
            expected = all(allowed(role, scope, *need) for need in operation.needs)
            expected = expected and (named or not operation.roles)
        else:
            staff = role not in ("patient", "janitor")
            expected = named if operation.roles else staff
        who = Identity("t", role, "s", scope)
        assert granted(who, *operation.needs, roles=operation.roles) is expected, (
            operation.id, role,
        )  # fmt: skip


def test_the_pilot_grants_every_record_to_everybody() -> None:
    for operation, role in product(OPERATIONS, MAY):
        who = Identity("t", role)
        if operation.needs or not operation.roles or role in operation.roles:
            assert Pilot().access(who, operation.needs, operation.roles) is EVERYTHING
        else:
            with pytest.raises(Refusal):
                Pilot().access(who, operation.needs, operation.roles)
    assert Pilot().denied(Identity("t", "nurse"), [{"type": "deny"}], "Patient", NOW) is False
    assert Pilot().emergency(Identity("t", "nurse"), "x").purpose == "TREAT"


@given(st.text(max_size=60))
def test_any_text_has_scopes_or_none(text: str) -> None:
    for scope in scopes.parse(text):
        assert scopes.parse(str(scope)) == (scope,)


@given(
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["*", *RESOURCES]),
    st.sets(st.sampled_from("cruds"), min_size=1),
)
def test_a_scope_is_read_as_it_is_written(context: str, resource: str, some: set[str]) -> None:
    letters = "".join(each for each in "cruds" if each in some)
    assert scopes.parse(f"{context}/{resource}.{letters}") == (
        scopes.Scope(context, resource, letters),
    )


def observation(about: str, code: str = "vital-signs") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "subject": {"reference": f"Patient/{about}"},
        "category": [{"coding": [{"system": "http://x", "code": code}]}],
    }


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ("user/Observation.rs", ["a vital-signs", "a laboratory", "b vital-signs"]),
        ("patient/Observation.rs", ["a vital-signs", "a laboratory"]),
        ("user/Observation.rs?category=laboratory", ["a laboratory"]),
        ("user/Observation.rs?category=http://x|vital-signs", ["a vital-signs", "b vital-signs"]),
        ("user/Observation.rs?category=http://y|vital-signs", []),
        ("user/Observation.rs?code=laboratory", []),
        ("patient/Observation.rs?category=vital-signs", ["a vital-signs"]),
        ("patient/Observation.rs user/Observation.rs?category=vital-signs",
         ["a vital-signs", "a laboratory", "b vital-signs"]),
    ],
)  # fmt: skip
def test_what_a_narrow_scope_covers(scope: str, covered: list[str]) -> None:
    who = Identity("t", "clinician", "s", scope, patient="a")
    access = Production().access(who, [("Observation", "r")], ())
    cases = ["a vital-signs", "a laboratory", "b vital-signs"]
    assert [case for case in cases if access.covers(observation(*case.split()))] == covered
    assert access.limited is (len(covered) < 3 or "?" in scope)


def test_who_is_bound_to_nobody_sees_nothing_and_what_is_about_nobody_is_not_shown() -> None:
    unbound = Identity("t", "patient", "s", "patient/*.cruds")
    access = Production().access(unbound, [("Observation", "r")], ())
    assert not access.covers(observation("a"))
    assert not access.covers({"resourceType": "Observation"})
    assert not access.covers({"resourceType": "Observation", "subject": {"reference": ""}})
    assert access.covers({"resourceType": "Slot"})


def test_an_answer_of_several_types_needs_all_of_them_whole() -> None:
    needs = [("Patient", "r"), ("Observation", "s")]
    for scope, expected in [
        ("user/*.rs", True),
        ("user/Patient.rs", False),
        ("user/Patient.rs user/Observation.rs", True),
        ("user/Patient.rs user/Observation.rs?category=laboratory", False),
    ]:
        assert granted(Identity("t", "clinician", "s", scope), *needs) is expected
    mixed = Identity("t", "clinician", "s", "user/Patient.rs patient/Observation.rs", "a")
    assert Production().access(mixed, needs, ()).patient == "a"


@pytest.mark.parametrize(
    ("reason", "status"), [("", 400), ("short", 400), ("x" * 501, 400), (" " * 20, 400)]
)
def test_a_glass_is_not_broken_without_a_reason(reason: str, status: int) -> None:
    with pytest.raises(Refusal) as refused:
        Production().emergency(Identity("t", "clinician"), reason)
    assert refused.value.status == status


@pytest.mark.parametrize("role", sorted(set(MAY) - {"clinician"}))
def test_only_clinicians_break_the_glass(role: str) -> None:
    with pytest.raises(Refusal) as refused:
        Production().emergency(Identity("t", role), "Unconscious, no pulse")
    assert refused.value.status == 403


def test_the_purpose_of_a_broken_glass_is_known() -> None:
    who = Identity("t", "clinician", "s")
    assert Production().emergency(who, "Unconscious, no pulse").purpose == "BTG"
    assert Production().emergency(who, None) is who


@pytest.mark.parametrize(
    ("provision", "denied"),
    [
        ({"type": "deny"}, True),
        ({"type": "permit"}, False),
        ({}, False),
        ({"type": "deny", "class": [{"code": "Patient"}]}, False),
        ({"type": "deny", "class": [{"code": "Patient"}, {"code": "Observation"}]}, True),
        ({"type": "deny", "period": {"start": "2026-05-17", "end": "2026-05-17"}}, True),
        ({"type": "deny", "period": {"start": "2026-05-18"}}, False),
        ({"type": "deny", "period": {"end": "2026-05-16"}}, False),
        ({"type": "deny", "purpose": [{"code": "TREAT"}]}, True),
        ({"type": "deny", "purpose": [{"code": "HRESCH"}]}, False),
        ({"type": "deny", "actor": [{"reference": {"reference": "Practitioner/ann"}}]}, True),
        ({"type": "deny", "actor": [{"reference": {"reference": "Practitioner/bob"}}]}, False),
        ({"type": "deny", "actor": [{"reference": {"reference": "PractitionerRole/nurse"}}]}, True),
        ({"type": "deny", "actor": [{"reference": {"reference": "Organization/t"}}]}, True),
    ],
)
def test_what_a_provision_denies(provision: dict[str, Any], denied: bool) -> None:
    nurse = Identity("t", "nurse", "ann")
    assert Production().denied(nurse, [provision], "Observation", NOW) is denied
    assert Production().denied(nurse, [provision], "Consent", NOW) is False


@pytest.mark.parametrize(
    ("resource", "about"),
    [
        ({"resourceType": "Patient", "id": "a"}, "a"),
        ({"resourceType": "Patient"}, None),
        (observation("a"), "a"),
        ({"resourceType": "Consent", "patient": {"reference": "Patient/a"}}, "a"),
        ({"patient": "a", "code": "x"}, "a"),
        ({"resourceType": "Appointment", "participant": [
            {"actor": {"reference": "Slot/s"}}, {"actor": {"reference": "Patient/a"}}]}, "a"),
        ({"resourceType": "Appointment", "participant": [3, {"actor": 3}, {}]}, None),
        ({"resourceType": "Slot"}, None),
        ({"subject": 3}, None),
    ],
)  # fmt: skip
def test_whom_a_resource_is_about(resource: dict[str, Any], about: str | None) -> None:
    assert compartment.patient_of(resource) == about


def test_what_is_left_of_an_answer() -> None:
    def visible(resource: Any) -> bool:
        return compartment.patient_of(resource) == "a"

    def bundle(kind: str, *about: str) -> dict[str, Any]:
        entries = [{"resource": observation(each)} for each in about]
        return {"resourceType": "Bundle", "type": kind, "total": len(about), "entry": entries}

    assert seen(bundle("searchset", "a", "b"), visible) == bundle("searchset", "a")
    assert seen(bundle("searchset", "b"), visible) == bundle("searchset")
    assert seen(bundle("history", "b"), visible) is None
    assert seen(observation("b"), visible) is None
    assert seen({"orders": [{"patient": "a"}, {"patient": "b"}]}, visible) == {
        "orders": [{"patient": "a"}]
    }
    assert seen({"orders": []}, visible) == {"orders": []}
    assert seen({"id": "x", "status": "sent"}, visible) is None
    deleted = {"resourceType": "Bundle", "type": "history", "entry": [{"request": {}}]}
    assert seen(deleted, visible) == deleted
