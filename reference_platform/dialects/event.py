"""The canonical event: what an ADT message says, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from reference_platform.visits import VisitEvent


@dataclass(frozen=True, slots=True)
class CanonicalEvent:
    """One event of a visit. Text that the message does not hold is empty.

    `trigger` is one of `visits.TRIGGERS`; `occurred` is UTC as `visits.event_time` gives it;
    `birth_date` is YYYY-MM-DD; `gender` is a FHIR administrative gender; `visit_class` is a code
    of v3 ActEncounterCode (IMP, AMB, EMER, PRENC, ACUTE, ...); `traceparent` is that of W3C Trace
    Context.
    """

    tenant: str
    sender: str
    control_id: str
    dialect: str
    trigger: str
    occurred: str
    visit: str
    patient: str
    ward: str = ""
    visit_class: str = ""
    family: str = ""
    given: str = ""
    birth_date: str = ""
    gender: str = ""
    traceparent: str = ""

    def visit_event(self) -> VisitEvent:
        """As much of it as moves the visit."""
        return VisitEvent(
            tenant=self.tenant,
            sender=self.sender,
            control_id=self.control_id,
            visit=self.visit,
            trigger=self.trigger,
            occurred=self.occurred,
            patient=self.patient,
            ward=self.ward,
        )
