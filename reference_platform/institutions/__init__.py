"""What each hospital's configuration is as long as nobody has changed it."""

from __future__ import annotations

import tomllib
from importlib import resources

from reference_platform.contract.cds import Workflow

DEFAULT = "default"
"""The file of those that have none of their own."""


def _shipped() -> dict[str, Workflow]:
    folder = resources.files(__name__)
    files = [file for file in folder.iterdir() if file.name.endswith(".toml")]
    return {
        file.name.removesuffix(".toml"): Workflow.model_validate(tomllib.loads(file.read_text()))
        for file in files
    }


SHIPPED: dict[str, Workflow] = _shipped()
"""Tenant -> its configuration; ValidationError while importing when a file is wrong."""
