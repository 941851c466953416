"""Actions for plain Chaos Toolkit files: break an edge, heal it, wait for the platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from codeblue.chaos import held
from codeblue.chaos.probes import Measure, steady
from codeblue.session import attach
from codeblue.target.duration import seconds

__all__ = ["heal", "inject", "wait_until_recovered"]


def inject(edge: str, fault: str, **arguments: Any) -> Measure:
    """Put ``fault`` (``hang``, ``latency``, ``refuse`` ...) on ``edge``; ``arguments`` are its own.

    The fault belongs to a lease that this process renews: when the process dies, however it dies,
    the proxy heals the fault by itself.

    Raises:
        UsageError: no such edge or fault, or an argument that the fault does not have.
    """
    held.hold(attach(), edge, fault, arguments)
    return {"measured": f"{edge}: {fault} is active", "edge": edge, "fault": fault, **arguments}


def heal(edge: str | None = None, fault: str | None = None) -> Measure:
    """Heal what this process injected: on ``edge`` or everywhere, ``fault`` or all of them.

    Raises:
        UnhealedError: a fault is still in place.
    """
    healed = held.heal(edge, fault)
    return {"measured": f"healed: {', '.join(healed) or 'nothing was broken'}", "healed": healed}


def wait_until_recovered(
    requests: Sequence[Mapping[str, Any]],
    within: str | float = "10s",
    success: float = 0.99,
    tenant: str = "riverside",
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
