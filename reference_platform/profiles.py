"""Profiles: which engineering decisions are taken the production way.

`production` takes all of them, `pilot` none; `production-idempotency` takes all but one,
`pilot+idempotency+bulkheads` just those two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

SWITCHES: tuple[str, ...] = (
    # Data quality
    "schema_validation",
    "semantic_validation",
    "quarantine_dlq",
    # Load and data scale
    "bounded_queries",
    "distributed_cache",
    "queue_processing",
    "async_workflows",
    "workload_separation",
    "admission_control",
    "concurrency_control",
    # Integrations
    "adapter_hub",
    "versioned_api",
    "idempotency",
    "configurable_workflows",
    # Failures
    "timeouts_deadlines",
    "circuit_breakers",
    "bulkheads",
    "retry_budget",
    "graceful_degradation",
    "crash_recovery",
    # Delivery
    "canary_progressive",
    "instant_rollback",
    "built_in_observability",
    # Security, tenancy, compliance
    "tenant_isolation",
    "zero_trust",
    "object_scopes",
    "audit_complete",
    "audit_tamper_evident",
    "retention_model",
    "phi_safe_telemetry",
)

_SIGNS = {"production": "-", "pilot": "+"}


@dataclass(frozen=True, slots=True)
class Profile:
    """A name and the switches that are on in it."""

    name: str
    on: frozenset[str]

    def has(self, switch: str) -> bool:
        """Whether `switch` is on; an unknown switch raises ValueError."""
        _require("switch", switch, SWITCHES, self.name)
        return switch in self.on


def parse(name: str) -> Profile:
    """The profile that `name` spells, or ValueError with one sentence that says what to write."""
    base = name.replace("+", "-").split("-")[0]
    _require("base", base, _SIGNS, name)
    sign = _SIGNS[base]
    switches = name[len(base) :].split(sign)[1:]
    for switch in switches:
        _require("switch", switch, SWITCHES, name)
    if base + "".join(sign + switch for switch in switches) != name:
        raise ValueError(f'profile "{name}": "{base}" takes switches with "{sign}" only.')
    if base == "production":
        return Profile(name, frozenset(SWITCHES) - frozenset(switches))
    return Profile(name, frozenset(switches))


def _require(kind: str, word: str, known: Iterable[str], profile: str) -> None:
    choices = list(known)
    if word in choices:
        return
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    advice = f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(choices)}."
    raise ValueError(f'profile "{profile}": unknown {kind} "{word}". {advice}')
