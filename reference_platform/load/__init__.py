"""Bulk loading of FHIR resources into the platform's database, past its services."""

from __future__ import annotations

from reference_platform.load.loading import Loaded, load

__all__ = ["Loaded", "load"]
