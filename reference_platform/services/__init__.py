"""The four services; each one is a FastAPI application that opens nothing before its lifespan."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.gateway import build as build_gateway
from reference_platform.services.hub import build as build_hub
from reference_platform.services.records import build as build_records
from reference_platform.services.scheduling import build as build_scheduling
from reference_platform.settings import Settings

NAMES: tuple[str, ...] = ("gateway", "records", "scheduling", "hub")

_BUILDERS = {
    "gateway": build_gateway,
    "records": build_records,
    "scheduling": build_scheduling,
    "hub": build_hub,
}


def build(name: str, settings: Settings, profile: Profile) -> FastAPI:
    """The application of service `name`, with the decisions that `profile` takes.

    Importing and building open no socket and no loop, so both may happen before a fork.
    `settings` must hold the drawn ports. The hub's lifespan also serves MLLP on `mllp_port`.
    """
    return _BUILDERS[name](settings, profile)
