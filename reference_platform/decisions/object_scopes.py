"""Switch 26, "Security attack modeling": what somebody who is logged in may see and do.

Without it every token opens every record of the hospital: a patient's app reads the neighbour's
chart by its id, a nurse's script reaches the routes of administrators, and consent is decoration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from reference_platform.compartment import OPEN, holds_token, patient_of
from reference_platform.identity import Identity
from reference_platform.outcomes import Refusal
from reference_platform.roles import ROLES, Role
from reference_platform.scopes import Scope, parse

Need = tuple[str, str]
"""A resource type and one of `cruds`."""
EMERGENCY = "BTG"
"""Break the glass (http://terminology.hl7.org/CodeSystem/v3-ActReason)."""
_REASON = range(10, 501)  # characters


@dataclass(frozen=True, slots=True)
class Allowance:
    """One reason to show a resource: to the patient it is about, and/or one with some code."""

    patient: str | None = None
    parameter: str = ""
    value: str = ""

    def covers(self, resource: Mapping[str, Any]) -> bool:
        """Whether `resource`, with its `resourceType`, may be shown for this reason."""
        if self.patient is not None and resource.get("resourceType") not in OPEN:
            about = patient_of(resource)
            if not about or about != self.patient:
                return False
        return not self.parameter or holds_token(resource.get(self._element), self.value)

    @property
    def _element(self) -> str:
        """Search parameters are spelled `clinical-status` where elements are `clinicalStatus`."""
        first, *others = self.parameter.split("-")
        return first + "".join(each.capitalize() for each in others)


@dataclass(frozen=True, slots=True)
class Access:
    """What was granted to one request: any of its allowances is enough."""

    allowances: tuple[Allowance, ...]

    @property
    def limited(self) -> bool:
        """Whether resources have to be looked at one by one."""
        return Allowance() not in self.allowances

    @property
    def patient(self) -> str | None:
        """The patient to whom everything is confined ("" fits nobody); None when to nobody."""
        patients = {each.patient for each in self.allowances}
        return patients.pop() if len(patients) == 1 else None

    def covers(self, resource: Mapping[str, Any]) -> bool:
        """Whether `resource` may be shown or written."""
        return any(each.covers(resource) for each in self.allowances)


EVERYTHING = Access((Allowance(),))


class ObjectScopes(Protocol):
    """What a request may do, which consents bind it, and which fields are not the client's."""

    consents: bool
    """Whether patients are asked."""
    reserved: frozenset[str]
    """Members of a body that only the server writes."""

    def access(self, who: Identity, needs: Sequence[Need], roles: Sequence[str]) -> Access:
        """What `who` may see of what an operation needs; Refusal 403 when nothing."""
        ...

    def emergency(self, who: Identity, reason: str | None) -> Identity:
        """`who`, with the purpose BTG when the glass is broken; Refusal 400 or 403."""
        ...

    def denied(
        self, who: Identity, provisions: Iterable[Mapping[str, Any]], kind: str, now: datetime
    ) -> bool:
        """Whether a Consent's provisions keep resources of `kind` from `who`."""
        ...


class Pilot:
    """Logged in is good enough for every record, and a body is stored as it came.

    What administers the platform asks for the role: that much every framework does.
    """

    consents = False
    reserved: frozenset[str] = frozenset()

    def access(self, who: Identity, needs: Sequence[Need], roles: Sequence[str]) -> Access:
        """Every record; what needs none, if the role is among `roles`."""
        if roles and not needs and who.role not in roles:
            raise _insufficient(needs)
        return EVERYTHING

    def emergency(self, who: Identity, reason: str | None) -> Identity:  # noqa: ARG002
        """There is no glass to break."""
        return who

    def denied(
        self,
        who: Identity,  # noqa: ARG002
        provisions: Iterable[Mapping[str, Any]],  # noqa: ARG002
        kind: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> bool:
        """Never."""
        return False


class Production:
    """SMART scopes and the role, the patient's compartment, and the patient's consent."""

    consents = True
    reserved = frozenset({"tenant", "role", "roles", "subjectId", "verified_by", "sequence"})

    def access(self, who: Identity, needs: Sequence[Need], roles: Sequence[str]) -> Access:
        """What role and scopes both grant; Refusal 403."""
        granted = _granted(who, tuple(needs), tuple(roles))
        if granted is None:
            raise _insufficient(needs)
        return granted

    def emergency(self, who: Identity, reason: str | None) -> Identity:
        """A clinician with a reason of 10 to 500 characters breaks the glass."""
        if reason is None:
            return who
        if who.role not in ROLES or not ROLES[who.role].breaks_glass:
            raise Refusal(403, "X-Break-Glass: this role does not break the glass.")
        if len(reason.strip()) not in _REASON:
            raise Refusal(400, "X-Break-Glass: write the reason, in 10 to 500 characters.")
        return replace(who, purpose=EMERGENCY)

    def denied(
        self, who: Identity, provisions: Iterable[Mapping[str, Any]], kind: str, now: datetime
    ) -> bool:
        """Whether one of them is a deny that is about this caller, this kind and this moment."""
        if kind == "Consent":
            return False  # a refusal that nobody can read is not obeyed either
        return any(_denies(provision, who, kind, now) for provision in provisions)


@lru_cache(4096)
def _granted(who: Identity, needs: tuple[Need, ...], roles: tuple[str, ...]) -> Access | None:
    """None: nothing. Whoever is confined to a patient needs an operation that says how."""
    role = ROLES.get(who.role)
    if role is None or (roles and who.role not in roles):
        return None
    if not needs:
        return _by_role(who, role, named=who.role in roles)
    each = [_allowances(who, resource, interaction) for resource, interaction in needs]
    return Access(each[0]) if len(each) == 1 and each[0] else _joint(each)


def _by_role(who: Identity, role: Role, *, named: bool) -> Access | None:
    contexts = {scope.context for scope in parse(who.scopes)} & set(role.contexts)
    if contexts - {"patient"}:
        return EVERYTHING
    return Access((Allowance(who.patient or ""),)) if named else None


def _allowances(who: Identity, resource: str, interaction: str) -> tuple[Allowance, ...]:
    role = ROLES[who.role]
    if interaction not in role.grants.get(resource, ""):
        return ()
    scopes = [
        scope
        for scope in parse(who.scopes)
        if scope.context in role.contexts and scope.grants(resource, interaction)
    ]
    return tuple(dict.fromkeys(_allowance(who, scope) for scope in scopes))


def _allowance(who: Identity, scope: Scope) -> Allowance:
    patient = (who.patient or "") if scope.context == "patient" else None
    return Allowance(patient, scope.parameter, scope.value)


def _joint(each: list[tuple[Allowance, ...]]) -> Access | None:
    """For answers made of several types: every one is needed whole, if only of one patient."""
    whole = [{one.patient for one in several if not one.parameter} for several in each]
    if not all(whole):
        return None
    confined = [patients for patients in whole if None not in patients]
    return Access((Allowance(confined[0].pop()),)) if confined else EVERYTHING


def _insufficient(needs: Sequence[Need]) -> Refusal:
    scope = " ".join(f"user/{resource}.{interaction}" for resource, interaction in needs)
    wanted = f', scope="{scope}"' if scope else ""
    return Refusal(
        403,
        "Authorization: this token may not do that.",
        headers={
            "WWW-Authenticate": f'Bearer realm="platform", error="insufficient_scope"{wanted}'
        },
    )


def _denies(provision: Mapping[str, Any], who: Identity, kind: str, now: datetime) -> bool:
    """https://hl7.org/fhir/R4/consent.html: a criterion that is absent excludes nothing."""
    if provision.get("type") != "deny":
        return False
    actors, classes = provision.get("actor"), provision.get("class")
    purposes = provision.get("purpose")
    return (
        (not actors or any(_is(actor, who) for actor in actors))
        and (not classes or any(each.get("code") == kind for each in classes))
        and (not purposes or any(each.get("code") == who.purpose for each in purposes))
        and _within(provision.get("period", {}), now)
    )


def _is(actor: Mapping[str, Any], who: Identity) -> bool:
    """Named as a person, or as everybody of a role or of the hospital."""
    named = actor.get("reference", {}).get("reference", "")
    mine = {
        f"Practitioner/{who.subject}",
        f"PractitionerRole/{who.role}",
        f"Organization/{who.tenant}",
    }
    if named in mine:
        return True
    codes = {each.get("code") for each in actor.get("role", {}).get("coding", [])}
    return who.role in codes and not named.startswith("Practitioner/")


def _within(period: Mapping[str, str], now: datetime) -> bool:
    """Days are compared as days; a period is inclusive (https://hl7.org/fhir/R4/datatypes.html)."""
    start, end = period.get("start", ""), period.get("end", "")
    moment = now.isoformat()
    return start[:10] <= moment[:10] and (not end or moment[:10] <= end[:10])
