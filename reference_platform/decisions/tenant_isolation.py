"""Switch 24, "Multi-tenancy structures": what keeps one hospital's data from another.

Without it every statement has to remember its `WHERE tenant = ...`, and the one that forgot
shows, or changes, another hospital's patient.
"""

from __future__ import annotations

from typing import Protocol


class TenantIsolation(Protocol):
    """The database role, how a transaction begins, and the key of a cached answer."""

    role: str

    def begin(self, tenant: str) -> str:
        """SQL that opens a transaction for `tenant`."""
        ...

    def cache_key(self, tenant: str, kind: str, identifier: str) -> str:
        """Under which key an answer of this kind is cached."""
        ...


class Pilot:
    """A role that sees every row, and ids that are hoped to be unguessable."""

    role = "platform_pilot"

    def begin(self, tenant: str) -> str:  # noqa: ARG002
        """No more than a transaction."""
        return "BEGIN"

    def cache_key(self, tenant: str, kind: str, identifier: str) -> str:  # noqa: ARG002
        """The id alone."""
        return f"{kind}:{identifier}"


class Production:
    """Row-level security for a role that cannot bypass it; the tenant in every cache key."""

    role = "platform_app"

    def begin(self, tenant: str) -> str:
        """One round trip: the transaction, and the tenant for as long as it lasts."""
        literal = tenant.replace("'", "''")
        return f"BEGIN; SELECT set_config('app.tenant', '{literal}', true)"

    def cache_key(self, tenant: str, kind: str, identifier: str) -> str:
        """The tenant first."""
        return f"{tenant}:{kind}:{identifier}"
