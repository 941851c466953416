"""The public API as a table: what is asked of the gateway, and which service does it."""

from __future__ import annotations

from reference_platform.services.gateway.operations.cds import CDS
from reference_platform.services.gateway.operations.charts import CHARTS
from reference_platform.services.gateway.operations.delivery import DELIVERY
from reference_platform.services.gateway.operations.fhir import FHIR
from reference_platform.services.gateway.operations.governance import GOVERNANCE
from reference_platform.services.gateway.operations.hub import HUB
from reference_platform.services.gateway.operations.operation import Operation, Priority
from reference_platform.services.gateway.operations.scheduling import SCHEDULING
from reference_platform.services.gateway.operations.security import SECURITY
from reference_platform.services.gateway.operations.worker import WORKER

__all__ = ["CHART", "OPERATIONS", "Operation", "Priority"]

OPERATIONS: list[Operation] = [
    *FHIR,
    *CHARTS,
    *SCHEDULING,
    *CDS,
    *DELIVERY,
    *HUB,
    *WORKER,
    *SECURITY,
    *GOVERNANCE,
]
CHART = next(operation for operation in OPERATIONS if operation.id == "readChart")
