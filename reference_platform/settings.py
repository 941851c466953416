"""Where everything is: ports, addresses and tokens, from the environment only (`PLATFORM_*`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from tempfile import gettempdir
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from reference_platform.clock import Clock
from reference_platform.identity import Identity
from reference_platform.keys import Keyring

PREFIX = "PLATFORM_"
_TOKEN_PREFIX = f"{PREFIX}TOKEN_"


def tokens_from(environment: Mapping[str, str]) -> dict[str, Identity]:
    """Bearer token -> identity, from every `PLATFORM_TOKEN_<TENANT>_<ROLE>`."""
    named = {key: value for key, value in environment.items() if key.startswith(_TOKEN_PREFIX)}
    return {token: _identity(key) for key, token in named.items() if token}


def _identity(key: str) -> Identity:
    tenant, _, role = key.removeprefix(_TOKEN_PREFIX).lower().rpartition("_")
    if not tenant or not tenant.replace("_", "").isalnum():
        raise ValueError(f"{key}: not a token name. Write {_TOKEN_PREFIX}<TENANT>_<ROLE>.")
    return Identity(tenant, role, subject=f"{tenant}-{role}")


class Settings(BaseSettings):
    """Ports (0 = not drawn yet), backing services, edges (`host:port`) and tokens."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, arbitrary_types_allowed=True)

    host: str = "127.0.0.1"
    gateway_port: int = 0
    replica_port: int = 0
    records_port: int = 0
    scheduling_port: int = 0
    hub_port: int = 0
    cds_port: int = 0
    worker_port: int = 0
    mllp_port: int = 0
    postgres_port: int = 0
    valkey_port: int = 0
    insurer_port: int = 0
    fhir_partner_port: int = 0
    sms_port: int = 0
    ehr_port: int = 0

    # The superuser's URL: only the migration uses it; the services sign in with their own role.
    postgres_url: str | None = None
    valkey_url: str | None = None
    database_password: str = Field(default_factory=lambda: secrets.token_urlsafe(18))

    edge_gateway_records: str | None = None
    edge_gateway_scheduling: str | None = None
    edge_gateway_hub: str | None = None
    edge_gateway_cds: str | None = None
    edge_gateway_worker: str | None = None
    edge_gateway_valkey: str | None = None
    edge_cds_records: str | None = None
    edge_records_postgres: str | None = None
    edge_scheduling_postgres: str | None = None
    edge_hub_postgres: str | None = None
    edge_hub_insurer: str | None = None
    edge_hub_fhir_partner: str | None = None
    edge_hub_ehr: str | None = None
    edge_worker_postgres: str | None = None
    edge_worker_valkey: str | None = None
    edge_worker_hub: str | None = None
    edge_worker_sms: str | None = None

    # What the services keep in files: logs and spans, the audit buffer, checkpoints, exports.
    data_folder: Path = Field(
        default_factory=lambda: Path(gettempdir()) / f"platform-{os.getpid()}"
    )
    # The secret behind the pseudonyms in logs.
    telemetry_key: str = Field(default_factory=lambda: secrets.token_urlsafe(32))
    # The seed (hexadecimal) of the Ed25519 key that signs the checkpoints of the audit trail.
    checkpoint_key: str = Field(default_factory=lambda: secrets.token_hex(32))

    # A folder with dialects of partners, besides those that ship with the platform.
    dialects: Path | None = None

    # Whether a test may move the clock; never so where patients are real.
    test_mode: bool = False
    clock: Clock = Field(default_factory=Clock)
    keys: Keyring = Field(default_factory=Keyring, repr=False)
    tokens: dict[str, Identity] = Field(default_factory=lambda: tokens_from(os.environ))

    @property
    def tenants(self) -> frozenset[str]:
        """Every tenant that holds a token."""
        return frozenset(identity.tenant for identity in self.tokens.values())

    def address(self, service: str, dependency: str) -> str:
        """The `host:port` where `service` looks for `dependency`: its edge, else the thing itself.

        `address("gateway", "records")`, `address("hub", "ehr")`. ValueError when neither is known.
        """
        edge: str | None = getattr(self, f"edge_{service}_{dependency}")
        if edge:
            return edge
        url: str | None = getattr(self, f"{dependency}_url", None)
        if url:
            return urlsplit(url).netloc.rpartition("@")[2]
        port: int = getattr(self, f"{dependency}_port")
        if not port:
            raise ValueError(
                f"{PREFIX}{dependency.upper()}_PORT: {service} has no address for {dependency}. "
                f"Set it, or {PREFIX}EDGE_{service.upper()}_{dependency.upper()}."
            )
        return f"{self.host}:{port}"

    def database_url(self, service: str, role: str) -> str:
        """The URL with which `service` signs in to PostgreSQL as `role`, through its edge."""
        database = urlsplit(self.postgres_url).path if self.postgres_url else "/postgres"
        address = self.address(service, "postgres")
        return f"postgresql://{role}:{self.database_password}@{address}{database or '/postgres'}"

    def cache_url(self, service: str) -> str:
        """The URL of Valkey for `service`, through its edge, with `valkey_url`'s credentials."""
        address = self.address(service, "valkey")
        if not self.valkey_url:
            return f"redis://{address}/0"
        parts = urlsplit(self.valkey_url)
        credentials, at, _ = parts.netloc.rpartition("@")
        scheme = parts.scheme.replace("valkey", "redis")
        return urlunsplit((scheme, f"{credentials}{at}{address}", parts.path, parts.query, ""))
