"""The six services; each one is a FastAPI application that opens nothing before its lifespan."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.cds import build as build_cds
from reference_platform.services.gateway import build as build_gateway
from reference_platform.services.hub import build as build_hub
from reference_platform.services.records import build as build_records
from reference_platform.services.scheduling import build as build_scheduling
from reference_platform.services.worker import build as build_worker
from reference_platform.settings import Settings

_BUILDERS = {
    "gateway": build_gateway,
    # A second gateway: what one process keeps to itself, the other one does not know.
    "replica": build_gateway,
    "records": build_records,
    "scheduling": build_scheduling,
    "hub": build_hub,
    "cds": build_cds,
    "worker": build_worker,
}
NAMES: tuple[str, ...] = tuple(_BUILDERS)
"""The processes that serve; each one listens on the port of its name."""


def build(name: str, settings: Settings, profile: Profile) -> FastAPI:
    """The application of service `name`, with the decisions that `profile` takes.

    Importing and building open no socket and no loop, so both may happen before a fork.
    `settings` must hold the drawn ports. The hub's lifespan also serves MLLP on `mllp_port`.
    """
    return _BUILDERS[name](settings, profile)
