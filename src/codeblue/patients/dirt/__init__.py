"""Dirt: what goes wrong between a patient and a database, made on purpose and written down."""

from __future__ import annotations

from codeblue.patients.dirt.injection import inject
from codeblue.patients.dirt.kind import FieldKind, Kind, Record, Source
from codeblue.patients.dirt.kinds import KINDS
from codeblue.patients.dirt.labels import Label, Labels
from codeblue.patients.dirt.messages import MessageKind
from codeblue.patients.dirt.sending import inject_messages

__all__ = [
    "KINDS",
    "FieldKind",
    "Kind",
    "Label",
    "Labels",
    "MessageKind",
    "Record",
    "Source",
    "inject",
    "inject_messages",
]
