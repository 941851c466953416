"""The public API as a table: what is asked of the gateway, and which service does it."""

from __future__ import annotations

from reference_platform.services.gateway.operations.charts import CHARTS
from reference_platform.services.gateway.operations.fhir import FHIR
from reference_platform.services.gateway.operations.hub import HUB
from reference_platform.services.gateway.operations.operation import Operation, Priority
from reference_platform.services.gateway.operations.scheduling import SCHEDULING

__all__ = ["CHART", "OPERATIONS", "Operation", "Priority"]

OPERATIONS: list[Operation] = [*FHIR, *CHARTS, *SCHEDULING, *HUB]
CHART = next(operation for operation in OPERATIONS if operation.id == "readChart")
