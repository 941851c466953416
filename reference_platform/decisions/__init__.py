"""The engineering decisions, one module each; a profile chooses a variant of every one, once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from reference_platform.decisions import (
    bulkheads,
    concurrency_control,
    idempotency,
    schema_validation,
    tenant_isolation,
    timeouts_deadlines,
    zero_trust,
)
from reference_platform.profiles import Profile


@dataclass(frozen=True, slots=True)
class Decisions:
    """The chosen variants. One per process: bulkheads hold the permits of that process."""

    schema_validation: schema_validation.SchemaValidation
    concurrency_control: concurrency_control.ConcurrencyControl
    idempotency: idempotency.Idempotency
    timeouts_deadlines: timeouts_deadlines.TimeoutsDeadlines
    bulkheads: bulkheads.Bulkheads
    tenant_isolation: tenant_isolation.TenantIsolation
    zero_trust: zero_trust.ZeroTrust

    @classmethod
    def choose(cls, profile: Profile) -> Decisions:
        """The only place where a profile is asked what is on."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: _variant(name, production=profile.has(name)) for name in names})


def _variant(name: str, *, production: bool) -> Any:
    module = import_module(f"reference_platform.decisions.{name}")
    return module.Production() if production else module.Pilot()
