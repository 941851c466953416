"""Reads ``synthetic_data/populations/*.toml``: how many persons, of which institutions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from codeblue.errors import UsageError, did_you_mean
from codeblue.patients.content import Content, line_of, read_text, read_toml
from codeblue.patients.institutions import Institution, load_profile
from codeblue.patients.institutions.habits import Surge
from codeblue.patients.tables.models import BARE
from codeblue.workspace import find, names

LARGEST = 2**40
"""Persons that a population can have at most."""
_FOLDER = "synthetic_data/populations"
_LARGEST_SEED = 2**63 - 1
_EARLIEST, _LATEST = date(2000, 1, 1), date(2099, 12, 31)

Size = Annotated[int, Field(gt=0, le=LARGEST)]
Seed = Annotated[int, Field(ge=0, le=_LARGEST_SEED)]
Share = Annotated[float, Field(ge=0, le=1)]


class Member(Content):
    """One institution of a population: its profile, and its share of the persons."""

    name: Annotated[str, Field(pattern=rf"^{BARE}*[A-Za-z0-9]{BARE}*$", max_length=60)]
    profile: str
    share: Annotated[float, Field(gt=0, le=1e9)]


class PopulationFile(Content):
    """``populations/<name>.toml``.

    ``visits`` is how many past visits of each person are exported, ``mess`` a factor on all
    fault rates of the institutions, and ``shared`` the part of the persons that a second
    institution knows too.
    """

    size: Size
    seed: Seed
    reference_date: Annotated[date, Field(ge=_EARLIEST, le=_LATEST)]
    visits: Annotated[int, Field(ge=1, le=40)] = 1
    mess: Annotated[float, Field(ge=0, le=100)] = 1.0
    shared: Share = 0.0
    institutions: Annotated[tuple[Member, ...], Field(min_length=1)]
    surges: tuple[Surge, ...] = ()


@dataclass(frozen=True)
class Description:
    """What a population is, apart from the tables and pools: the file and its institutions."""

    name: str
    settings: PopulationFile
    institutions: tuple[Institution, ...]


def read_population(
    name: str,
    workspace: Path | None,
    measurements: Collection[str],
    *,
    seed: int | None = None,
    size: int | None = None,
) -> Description:
    """The population of this name, or in the file with this path.

    ``measurements`` are the names that the institutions may recode or convert; ``seed`` and
    ``size`` replace those of the file.

    Raises:
        UsageError: there is no such population, or its file or a profile is wrong.
    """
    path = _locate(name, workspace)
    settings = _override(read_toml(path, PopulationFile), seed=seed, size=size)
    institutions = _institutions(path, settings, measurements, workspace)
    return Description(path.stem, settings, institutions)


def _institutions(
    path: Path, settings: PopulationFile, measurements: Collection[str], workspace: Path | None
) -> tuple[Institution, ...]:
    text = read_text(path)
    found: dict[str, Institution] = {}
    for place, member in enumerate(settings.institutions):
        line = line_of(text, ("institutions", place, "profile"))
        profile = load_profile(member.profile, measurements, workspace, f"{path}:{line}")
        institution = Institution(member.name, profile, member.share)
        if institution.slug in found:
            line = line_of(text, ("institutions", place, "name"))
            raise UsageError(
                f'{path}:{line}: "{member.name}" is called "{institution.slug}" in addresses, '
                "as another institution is. Choose another name."
            )
        found[institution.slug] = institution
    return tuple(found.values())


def _locate(name: str, workspace: Path | None) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    known = names(_FOLDER, "*.toml", workspace)
    if name not in known:
        raise UsageError(
            f'population "{name}": populations has no "{name}". {did_you_mean(name, known)}'
        )
    return find(f"{_FOLDER}/{name}.toml", workspace)


def _override(settings: PopulationFile, *, seed: int | None, size: int | None) -> PopulationFile:
    for key, value, low, high in (
        ("seed", seed, 0, _LARGEST_SEED),
        ("size", size, 1, LARGEST),
    ):
        if value is not None and not low <= value <= high:
            raise UsageError(f"{key}: {value} is not from {low} to {high}. Give another one.")
    given = {"seed": seed, "size": size}
    return settings.model_copy(
        update={key: value for key, value in given.items() if value is not None}
    )
