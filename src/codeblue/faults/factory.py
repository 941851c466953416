"""Faults by name, for experiments."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from codeblue.errors import UsageError, did_you_mean
from codeblue.faults.drop_answers import DropAnswers
from codeblue.faults.fault import Fault
from codeblue.faults.hang import Hang
from codeblue.faults.latency import Latency
from codeblue.faults.refuse import Refuse
from codeblue.faults.reset import Reset

FAULTS: dict[str, type[DropAnswers | Hang | Latency | Refuse | Reset]] = {
    fault.type: fault for fault in (DropAnswers, Hang, Latency, Refuse, Reset)
}


def make(type: str, edge: str, **arguments: Any) -> Fault:  # noqa: A002 - the experiments' word
    """The fault of that type on that edge.

    Arguments are whole numbers, 0 or more. Raises UsageError for an unknown type, and for an
    argument that is unknown, missing or of the wrong kind.
    """
    if type not in FAULTS:
        raise UsageError(f'fault "{type}": no such type. {did_you_mean(type, FAULTS)}')
    fault = FAULTS[type]
    known = {field.name: field.default for field in fields(fault) if field.name != "edge"}
    for name, value in arguments.items():
        if name not in known:
            raise UsageError(f'fault {type}: no argument "{name}". {did_you_mean(name, known)}')
        if not _is_count(value):
            raise UsageError(f"fault {type}: {name} is {value!r}. Give a whole number, 0 or more.")
    for name, default in known.items():
        if default is MISSING and name not in arguments:
            raise UsageError(f"fault {type}: {name} is missing. Give a whole number, 0 or more.")
    return fault(edge, **arguments)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
