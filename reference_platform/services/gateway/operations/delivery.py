"""Releases of cds: done by cds itself, which has every version loaded."""

from __future__ import annotations

from reference_platform.contract import delivery
from reference_platform.services.gateway.operations.operation import Operation

_ROLES = ("administrator",)

DELIVERY: list[Operation] = [
    Operation(
        "listReleases", "How far the latest releases got", "GET", "/v1/releases", "cds",
        delivery.Releases, refusals=(502,),
    ),
    Operation(
        "release", "Release a version", "POST", "/v1/releases", "cds", delivery.Release, 202,
        body=delivery.ReleaseRequest, refusals=(409, 502), roles=_ROLES,
    ),
    Operation(
        "rollBack", "Go back to the version before", "POST", "/v1/releases/rollback", "cds",
        delivery.Release, 202, refusals=(409, 502), roles=_ROLES,
    ),
]  # fmt: skip
