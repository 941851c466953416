"""Faults by name, for experiments, for the command line and for those who heal."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from codeblue.errors import UsageError, did_you_mean
from codeblue.faults.edge.bandwidth import Bandwidth
from codeblue.faults.edge.blackhole import Blackhole
from codeblue.faults.edge.corrupt import Corrupt
from codeblue.faults.edge.drip import Drip
from codeblue.faults.edge.drop_answers import DropAnswers
from codeblue.faults.edge.hang import Hang
from codeblue.faults.edge.http_status import HttpStatus
from codeblue.faults.edge.latency import Latency
from codeblue.faults.edge.loss import Loss
from codeblue.faults.edge.refuse import Refuse
from codeblue.faults.edge.reset import Reset
from codeblue.faults.edge.slow_body import SlowBody
from codeblue.faults.edge.slow_close import SlowClose
from codeblue.faults.fault import Fault
from codeblue.faults.host.cpu import Cpu
from codeblue.faults.host.disk import Disk
from codeblue.faults.host.memory import Memory
from codeblue.faults.network.netem import Netem
from codeblue.faults.network.partition import Partition
from codeblue.faults.process.descriptors import Descriptors
from codeblue.faults.process.file_size import FileSize
from codeblue.faults.process.kill import Kill
from codeblue.faults.process.restart import Restart
from codeblue.faults.process.stop import Stop

_ALL: tuple[type[Any], ...] = (
    # On an edge, through the fault proxy:
    Bandwidth,
    Blackhole,
    Corrupt,
    Drip,
    DropAnswers,
    Hang,
    HttpStatus,
    Latency,
    Loss,
    Refuse,
    Reset,
    SlowBody,
    SlowClose,
    # On processes and on the host:
    Stop,
    Kill,
    Restart,
    Descriptors,
    FileSize,
    Cpu,
    Memory,
    Disk,
    # On a network namespace:
    Partition,
    Netem,
)
FAULTS: dict[str, type[Any]] = {fault.type: fault for fault in _ALL}
"""Every fault by its type."""


def make(type: str, place: str, **arguments: Any) -> Fault:  # noqa: A002 - the experiments' word
    """The fault of that type at that place (an edge, a process, a folder, a namespace).

    Arguments are whole numbers, 0 or more, or words: any, or one of those that the fault knows.

    Raises:
        UsageError: an unknown type; an argument that is unknown, missing or of the wrong kind.
    """
    fault = FAULTS[_known(type)]
    known = {field.name: field for field in fields(fault)[1:]}
    kinds = get_type_hints(fault)
    for name, value in arguments.items():
        if name not in known:
            raise UsageError(f'fault {type}: no argument "{name}". {did_you_mean(name, known)}')
        if not _fits(value, kinds[name]):
            raise UsageError(f"fault {type}: {name} is {value!r}. {_wanted(kinds[name])}")
    for name, each in known.items():
        if name not in arguments and _required(each):
            raise UsageError(f"fault {type}: {name} is missing. {_wanted(kinds[name])}")
    made: Fault = fault(place, **arguments)
    return made


def place_kind(type: str) -> str:  # noqa: A002 - the experiments' word
    """What a fault of that type breaks: ``edge``, ``process``, ``folder`` or ``namespace``.

    Raises:
        UsageError: an unknown type.
    """
    return fields(FAULTS[_known(type)])[0].name


def _known(type: str) -> str:  # noqa: A002 - the experiments' word
    if type not in FAULTS:
        raise UsageError(f'fault "{type}": no such type. {did_you_mean(type, FAULTS)}')
    return type


def _required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if kind is str:
        return isinstance(value, str)
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wanted(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return f"Give one of {', '.join(map(str, get_args(kind)))}."
    return "Give a text." if kind is str else "Give a whole number, 0 or more."
