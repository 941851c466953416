"""The retention policy: periods and their sources are data, never constants in the code."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field, model_validator


class RecordClass(BaseModel):
    """How long records of a class stay: at least, and, if there is a maximum, at most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    minimum_days: int = Field(ge=0)
    maximum_days: int | None = Field(default=None, ge=0)
    citation: str
    erasable_on_request: bool
    tables: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> RecordClass:
        if self.maximum_days is not None and self.maximum_days < self.minimum_days:
            raise ValueError("maximum_days: before the minimum")
        return self


Policy = dict[str, RecordClass]


def parse(text: str) -> Policy:
    """The record classes of a TOML text by name; ValueError when it is no policy."""
    return {name: RecordClass.model_validate(told) for name, told in tomllib.loads(text).items()}


@cache
def policy() -> Policy:
    """The policy that ships with the platform."""
    return parse(resources.files(__name__).joinpath("retention.toml").read_text("utf-8"))


def kept() -> dict[str, RecordClass]:
    """Tables that an erasure leaves as they are, and the class that says why."""
    return {
        table: told
        for told in policy().values()
        if not told.erasable_on_request
        for table in told.tables
    }
