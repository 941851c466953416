"""worker: what need not be done while somebody waits: letters, referrals, batches."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.inner import Stored
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the worker."""
    return Stored("worker", settings, profile).application()
