"""Renders patients as HL7 v2.5.1 ADT messages: admit, transfer, discharge, update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from codeblue.patients.person import Patient
from codeblue.patients.templates import compile_hl7
from codeblue.workspace import find

AdtEvent = Literal["A01", "A02", "A03", "A08"]

_TEMPLATES = Path("synthetic_data") / "templates" / "hl7v2"
_SEX = {"female": "F", "male": "M", "other": "O", "unknown": "U"}
_PATIENT_FIELDS = (
    "record_number",
    "family",
    "given",
    "middle",
    "street",
    "city",
    "state",
    "postal_code",
    "phone",
)
_FIELDS = (
    *_PATIENT_FIELDS,
    "birth_date",
    "sex",
    "sending_application",
    "facility",
    "sent_at",
    "occurred_at",
    "control_id",
    "ward",
    "visit",
)


@dataclass(frozen=True)
class Visit:
    """What a message says beside who the patient is.

    ``facility`` is MSH-4 and the assigning authority of the record number, ``number`` is PV1-19,
    ``ward`` is PV1-3, and ``control_id`` is MSH-10.
    """

    number: str
    ward: str
    facility: str
    sending_application: str
    control_id: str
    at: datetime


class Hl7Renderer:
    """Turns patients and their visits into ADT messages by the templates of a workspace."""

    def __init__(self, workspace: Path | None = None) -> None:
        self._render = {
            event: compile_hl7(find(_TEMPLATES / f"adt_{event.lower()}.hl7", workspace), _FIELDS)
            for event in get_args(AdtEvent)
        }

    def adt(self, event: AdtEvent, patient: Patient, visit: Visit) -> str:
        """One message; every segment ends with a carriage return."""
        stamp = visit.at.strftime("%Y%m%d%H%M%S")
        values = {field: getattr(patient, field) for field in _PATIENT_FIELDS}
        values |= {
            "birth_date": patient.birth_date.strftime("%Y%m%d"),
            "sex": _SEX[patient.gender],
            "sending_application": visit.sending_application,
            "facility": visit.facility,
            "sent_at": stamp,
            "occurred_at": stamp,
            "control_id": visit.control_id,
            "ward": visit.ward,
            "visit": visit.number,
        }
        return self._render[event](values)
