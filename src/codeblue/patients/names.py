"""Pools of names and places, read from ``synthetic_data/pools/``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from codeblue.errors import UsageError
from codeblue.patients.content import Content, ContentT, read_table
from codeblue.patients.draws import LANE
from codeblue.patients.rows import Text
from codeblue.patients.tables.models import Bare, Source
from codeblue.patients.templates.text import words
from codeblue.workspace import find

_FOLDER = Path("synthetic_data") / "pools"
_NAMES = ("families", "female_given", "male_given", "streets")

Short = Annotated[Bare, Field(max_length=60)]


class PooledName(Content):
    """A family name, a given name or a street."""

    name: Short
    source: Source


class PooledPlace(Content):
    """A city with its state and postal code."""

    city: Short
    state: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    postal_code: Annotated[str, Field(pattern=r"^[0-9]{5}$")]
    source: Source


@dataclass(frozen=True)
class Pools:
    """What names and addresses are made of, as UTF-8; a place is one index into three arrays."""

    families: Text
    female_given: Text
    male_given: Text
    streets: Text
    cities: Text
    states: Text
    postal_codes: Text

    @cached_property
    def sizes(self) -> dict[str, int]:
        """How many entries each pool has, by the name of its field."""
        return {name: len(pool) for name, pool in vars(self).items()}


def load_pools(workspace: Path | None = None) -> Pools:
    """Read ``synthetic_data/pools/``.

    Raises:
        UsageError: a file is missing or wrong; the text says where and what to do.
    """
    names = {pool: words(row.name for row in _rows(pool, PooledName, workspace)) for pool in _NAMES}
    places = _rows("places", PooledPlace, workspace)
    return Pools(
        **names,
        cities=words(place.city for place in places),
        states=words(place.state for place in places),
        postal_codes=words(place.postal_code for place in places),
    )


def _rows(pool: str, model: type[ContentT], workspace: Path | None) -> list[ContentT]:
    path = find(_FOLDER / f"{pool}.csv", workspace)
    rows = read_table(path, model)
    if len(rows) > LANE:
        raise UsageError(f"{path}:{LANE + 2}: a pool holds at most {LANE} rows. Remove the others.")
    return rows
