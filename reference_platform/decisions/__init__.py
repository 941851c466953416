"""The engineering decisions, one module each; a profile chooses a variant of every one, once."""

from __future__ import annotations

from dataclasses import dataclass

from reference_platform.decisions import (
    bulkheads,
    concurrency_control,
    idempotency,
    schema_validation,
    tenant_isolation,
    timeouts_deadlines,
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

    @classmethod
    def choose(cls, profile: Profile) -> Decisions:
        """The only place where a profile is asked what is on."""
        has = profile.has
        return cls(
            schema_validation=schema_validation.Production()
            if has("schema_validation")
            else schema_validation.Pilot(),
            concurrency_control=concurrency_control.Production()
            if has("concurrency_control")
            else concurrency_control.Pilot(),
            idempotency=idempotency.Production() if has("idempotency") else idempotency.Pilot(),
            timeouts_deadlines=timeouts_deadlines.Production()
            if has("timeouts_deadlines")
            else timeouts_deadlines.Pilot(),
            bulkheads=bulkheads.Production() if has("bulkheads") else bulkheads.Pilot(),
            tenant_isolation=tenant_isolation.Production()
            if has("tenant_isolation")
            else tenant_isolation.Pilot(),
        )
