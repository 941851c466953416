"""How the partners that the hub asks want to be asked, and how they answer.

`asked/insurer.toml` and `asked/ehr.toml`; a folder `asked` in the folder of dialects
that the settings name has priority.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from reference_platform.dialects.dialect import Codec, DialectError, Section

Coverage = Literal["active", "inactive"]
_Path = Annotated[str, StringConstraints(pattern=r"^[\w-]+(\.[\w-]+)*$")]
_Text = Annotated[str, StringConstraints(pattern=r"^[ -~]+$")]
_D = TypeVar("_D", bound=Section)


class Question(Section):
    """What the insurer calls the payer and the member that it is asked about."""

    payer: _Text
    member: _Text


class Answer(Section):
    """Where an answer says it: `coverage.0.status` is a path; the first that leads counts."""

    status: tuple[_Path, ...] = Field(min_length=1)
    payer: tuple[_Path, ...]
    member: tuple[_Path, ...]


class InsurerDialect(Section):
    """An insurer's JSON; `codes` are its statuses in lower case. `limit` of an answer in bytes."""

    question: Question
    answer: Answer
    codes: dict[str, Coverage]
    limit: int = Field(gt=0)


class LaboratoryDialect(Section):
    """How an EHR wants its orders (MSH-5, MSH-6, MSH-12), and the encoding of what it answers."""

    application: _Text
    facility: _Text
    version: _Text
    identifier_type: _Text
    answers: Codec
    strays: int = Field(ge=0)
    """How many acknowledgements of other messages may come before the right one."""


def insurer(folder: Path | None) -> InsurerDialect:
    """The insurer's dialect; DialectError when its file is wrong."""
    return _load("insurer.toml", InsurerDialect, folder)


def laboratory(folder: Path | None) -> LaboratoryDialect:
    """The EHR's dialect; DialectError when its file is wrong."""
    return _load("ehr.toml", LaboratoryDialect, folder)


def at(answer: object, path: str) -> Any:
    """What is at `path` in parsed JSON; None when it does not lead there."""
    for step in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return answer


def _load(name: str, model: type[_D], folder: Path | None) -> _D:
    own = folder / "asked" / name if folder else None
    shipped = resources.files("reference_platform.dialects").joinpath("asked", name)
    file = own if own and own.is_file() else shipped
    try:
        return model.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DialectError(f"{name}: cannot be read as TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        raise DialectError(f"{name}: {key}: {first['msg']}.") from None
