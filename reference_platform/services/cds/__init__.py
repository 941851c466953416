"""cds: clinical decision support, the NEWS2 early warning score."""

from __future__ import annotations

from fastapi import FastAPI

from reference_platform.profiles import Profile
from reference_platform.services.inner import Inner
from reference_platform.settings import Settings


def build(settings: Settings, profile: Profile) -> FastAPI:
    """The application of the cds service."""
    return Inner("cds", settings, profile).application()
