"""Actions for plain Chaos Toolkit files: break a place, heal it, wait for the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import held
from codeblue.chaos.interruption import postponed
from codeblue.chaos.probes import Measure, steady
from codeblue.chaos.sending import send
from codeblue.errors import UsageError
from codeblue.faults import place_kind
from codeblue.session import attach
from codeblue.target.duration import seconds

__all__ = ["heal", "inject", "send", "wait_until_recovered"]

_HOST = "host"
_A = {
    "edge": "an edge",
    "process": "a process",
    "folder": "a folder",
    "namespace": "a namespace",
    _HOST: "the host",
}


def inject(
    *,
    fault: str,
    edge: str | None = None,
    process: str | None = None,
    folder: str | None = None,
    namespace: str | None = None,
    **arguments: Any,
) -> Measure:
    """Put ``fault`` (``hang``, ``stop``, ``disk`` ...) on one place; ``arguments`` are its own.

    The place is an ``edge`` or a ``process`` of codeblue.toml, a ``folder``, or a network
    ``namespace``, as the fault needs it; a fault of the whole host needs none.
    The fault ends with this process: when it dies, however it dies, a guardian heals.

    Raises:
        UsageError: no such fault or place, the wrong kind of place, or an argument that the fault
            does not have; nothing was broken.
    """
    places = {"edge": edge, "process": process, "folder": folder, "namespace": namespace}
    kind = place_kind(fault)
    place = _place(fault, kind, {name: value for name, value in places.items() if value})
    with postponed():
        held.hold(attach(), place, fault, arguments)
    measured = f"{place}: {fault} is active"
    return {"measured": measured, kind: place, "fault": fault, **arguments}


def heal(
    *,
    edge: str | None = None,
    process: str | None = None,
    folder: str | None = None,
    namespace: str | None = None,
    fault: str | None = None,
) -> Measure:
    """Heal what this process injected: at one place or everywhere, ``fault`` or all of them.

    Raises:
        UnhealedError: a fault is still in place.
    """
    with postponed():
        healed = held.heal(edge or process or folder or namespace, fault)
    return {"measured": f"healed: {', '.join(healed) or 'nothing was broken'}", "healed": healed}


def wait_until_recovered(
    requests: Sequence[Mapping[str, Any]],
    within: str | float = "10s",
    success: float = 0.99,
    tenant: str = "",
    role: str = "clinician",
) -> Measure:
    """Send bursts of ``requests`` until they succeed again, at most ``within``.

    ``{recovered, seconds, ...}``; a platform that does not come back is a finding, not an error.
    """
    measure = steady(requests, success=success, within=within, tenant=tenant, role=role)
    recovered = measure["success"] >= success
    said = (
        f"recovered after {measure['seconds']:.1f} s"
        if recovered
        else f"not recovered within {seconds(within):g} s: {measure['measured']}"
    )
    return {**measure, "recovered": recovered, "measured": said}


def _place(fault: str, kind: str, given: Mapping[str, str]) -> str:
    if kind == _HOST and not given:
        return _HOST
    if set(given) != {kind}:
        named = ", ".join(given) or "no place"
        wanted = "Give no place." if kind == _HOST else f"Give {kind}= and nothing else."
        raise UsageError(f"fault {fault}: it breaks {_A[kind]}, and {named} was given. {wanted}")
    return given[kind]
