"""Audit trail, retention, exports, and the clock."""

from __future__ import annotations

from reference_platform.contract import bundles, governance
from reference_platform.services.gateway.operations.operation import Operation

_AUDITORS = ("auditor", "administrator")
_ADMINISTRATORS = ("administrator",)

GOVERNANCE: list[Operation] = [
    Operation(
        "searchAuditEvent", "Search the audit trail", "GET", "/v1/fhir/AuditEvent", "records",
        bundles.SearchSet[governance.AuditEvent], query=governance.AuditSearch, refusals=(502,),
        roles=_AUDITORS,
    ),
    Operation(
        "readAuditEvent", "Read one event", "GET", "/v1/fhir/AuditEvent/{id}", "records",
        governance.AuditEvent, refusals=(404, 502), roles=_AUDITORS,
    ),
    Operation(
        "verifyAudit", "Is the audit trail what it was", "GET", "/v1/audit/verification",
        "records", governance.AuditVerification, query=governance.VerificationRange,
        refusals=(502,), roles=_AUDITORS,
    ),
    Operation(
        "runRetention", "Erase what is past its time", "POST", "/v1/retention-runs", "worker",
        governance.RetentionRun, 201, refusals=(409, 502), roles=_ADMINISTRATORS, priority="bulk",
    ),
    Operation(
        "holdPatient", "Set or lift a legal hold", "POST", "/v1/patients/{id}/legal-hold",
        "worker", governance.LegalHold, body=governance.LegalHoldRequest, refusals=(404, 502),
        roles=_ADMINISTRATORS,
    ),
    Operation(
        "erasePatient", "Erase everything that may be erased about a patient", "POST",
        "/v1/patients/{id}/erasure", "worker", governance.Erasure,
        body=governance.ErasureRequest, refusals=(404, 409, 502), roles=_ADMINISTRATORS,
    ),
    Operation(
        "createExport", "Export resources", "POST", "/v1/exports", "worker", governance.Export,
        201, body=governance.ExportRequest, refusals=(404, 502), roles=_ADMINISTRATORS,
        priority="bulk",
    ),
    Operation(
        "readExport", "What of an export can still be read", "GET", "/v1/exports/{id}", "worker",
        governance.ExportContent, refusals=(404, 502), roles=_ADMINISTRATORS, priority="bulk",
    ),
    Operation(
        "readClock", "What time it is here", "GET", "/v1/clock", None, governance.ClockReading,
        public=True,
    ),
    Operation(
        "advanceClock", "Move the clock of a test", "POST", "/v1/clock", None,
        governance.ClockReading, body=governance.ClockRequest, roles=_ADMINISTRATORS,
    ),
]  # fmt: skip
