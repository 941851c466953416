"""The engineering decisions, one module each; a profile chooses a variant of every one, once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from reference_platform.decisions import (
    adapter_hub,
    admission_control,
    async_workflows,
    audit_complete,
    audit_tamper_evident,
    bounded_queries,
    built_in_observability,
    bulkheads,
    canary_progressive,
    circuit_breakers,
    concurrency_control,
    configurable_workflows,
    crash_recovery,
    distributed_cache,
    graceful_degradation,
    idempotency,
    instant_rollback,
    object_scopes,
    phi_safe_telemetry,
    quarantine_dlq,
    queue_processing,
    retention_model,
    retry_budget,
    schema_validation,
    semantic_validation,
    tenant_isolation,
    timeouts_deadlines,
    versioned_api,
    workload_separation,
    zero_trust,
)
from reference_platform.profiles import Profile


@dataclass(frozen=True, slots=True)
class Decisions:
    """The chosen variants. One per process: bulkheads hold the permits of that process."""

    schema_validation: schema_validation.SchemaValidation
    semantic_validation: semantic_validation.SemanticValidation
    quarantine_dlq: quarantine_dlq.QuarantineDlq
    bounded_queries: bounded_queries.BoundedQueries
    distributed_cache: distributed_cache.DistributedCache
    queue_processing: queue_processing.QueueProcessing
    async_workflows: async_workflows.AsyncWorkflows
    workload_separation: workload_separation.WorkloadSeparation
    admission_control: admission_control.AdmissionControl
    concurrency_control: concurrency_control.ConcurrencyControl
    adapter_hub: adapter_hub.AdapterHub
    versioned_api: versioned_api.VersionedApi
    idempotency: idempotency.Idempotency
    configurable_workflows: configurable_workflows.ConfigurableWorkflows
    timeouts_deadlines: timeouts_deadlines.TimeoutsDeadlines
    circuit_breakers: circuit_breakers.CircuitBreakers
    bulkheads: bulkheads.Bulkheads
    retry_budget: retry_budget.RetryBudget
    graceful_degradation: graceful_degradation.GracefulDegradation
    crash_recovery: crash_recovery.CrashRecovery
    canary_progressive: canary_progressive.CanaryProgressive
    instant_rollback: instant_rollback.InstantRollback
    built_in_observability: built_in_observability.BuiltInObservability
    tenant_isolation: tenant_isolation.TenantIsolation
    zero_trust: zero_trust.ZeroTrust
    object_scopes: object_scopes.ObjectScopes
    audit_complete: audit_complete.AuditComplete
    audit_tamper_evident: audit_tamper_evident.AuditTamperEvident
    retention_model: retention_model.RetentionModel
    phi_safe_telemetry: phi_safe_telemetry.PhiSafeTelemetry

    @classmethod
    def choose(cls, profile: Profile) -> Decisions:
        """The only place where a profile is asked what is on."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: _variant(name, production=profile.has(name)) for name in names})

    def statements(self) -> list[str]:
        """SQL with which the migration ends the schema in the way that was decided."""
        return [*self.bounded_queries.statements(), *self.audit_tamper_evident.statements()]


def _variant(name: str, *, production: bool) -> Any:
    module = import_module(f"reference_platform.decisions.{name}")
    return module.Production() if production else module.Pilot()
