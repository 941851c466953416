"""What an experiment file says about itself to codeblue, next to what Chaos Toolkit reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from codeblue.chaos.guards import Guard
from codeblue.checks import RISKS
from codeblue.errors import UsageError, did_you_mean

_NAME = "codeblue"
_CONTROL = "codeblue.chaos.control"
_SUITES = ("quick", "full")


class Supervised(BaseModel):
    """The part of the ``codeblue`` entry that counts however the experiment is run.

    ``load`` is what arrives beside the experiment; ``traffic`` knows its keys. ``guards`` are the
    abort conditions. With ``guard_is_oracle`` a breach means that the platform
    broke; without, it means that nothing was decided.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str = ""
    guards: tuple[Guard, ...] = ()
    guard_is_oracle: bool = False
    load: dict[str, Any] | None = None

    @field_validator("guards")
    @classmethod
    def _names_differ(cls, value: tuple[Guard, ...]) -> tuple[Guard, ...]:
        names = [guard.name for guard in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f'two guards are named "{name}". Rename one')
        return value


class ExperimentMeta(Supervised):
    """The ``codeblue`` entry under ``extensions``, with the experiment's own title."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    risk: str = "failures"
    examines: tuple[str, ...] = ()
    threshold: str
    suite: str = "quick"

    @field_validator("risk")
    @classmethod
    def _known_risk(cls, value: str) -> str:
        return _one_of(value, RISKS)

    @field_validator("suite")
    @classmethod
    def _known_suite(cls, value: str) -> str:
        return _one_of(value, _SUITES)


def read_extension(path: Path) -> ExperimentMeta:
    """What the experiment at ``path`` is, without running or importing anything it names.

    Raises:
        UsageError: not readable, not YAML, or not a complete experiment for codeblue.
    """
    experiment = read_experiment(path)
    ours = _ours(experiment)
    if len(ours) != 1:
        raise UsageError(
            f"{path}: extensions: {len(ours)} entries are named {_NAME}. Write one, with id, "
            "risk, examines and threshold."
        )
    try:
        meta = ExperimentMeta(title=str(experiment.get("title", "")), **ours[0])
    except (ValidationError, TypeError) as error:
        raise UsageError(f"{path}: {_sentence(error)}") from error
    _require_control(path, experiment, meta)
    return meta


def supervised(experiment: Mapping[str, Any]) -> Supervised:
    """What counts under plain ``chaos run``; an experiment without our entry has no guards.

    Raises:
        UsageError: the entry is there, and wrong.
    """
    try:
        return Supervised(**(_ours(experiment) or [{}])[0])
    except ValidationError as error:
        raise UsageError(_sentence(error)) from error


def _ours(experiment: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries that are named after us, without the name."""
    entries = experiment.get("extensions") or []
    ours = [entry for entry in entries if isinstance(entry, dict) and entry.get("name") == _NAME]
    return [{key: value for key, value in entry.items() if key != "name"} for entry in ours]


def read_experiment(path: Path) -> dict[str, Any]:
    """The experiment at ``path`` as Chaos Toolkit sees it.

    Raises:
        UsageError: not readable, not YAML, without a hypothesis, or with a tolerance probe that
            Chaos Toolkit cannot give its value to.
    """
    try:
        experiment = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}). Save it as UTF-8 text.") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML. {' '.join(str(error).split())}.") from error
    if not isinstance(experiment, dict):
        raise UsageError(f"{path}: not an experiment. Write a mapping with title and method.")
    _require_hypothesis(path, experiment)
    return experiment


def _require_hypothesis(path: Path, experiment: dict[str, Any]) -> None:
    hypothesis = experiment.get("steady-state-hypothesis")
    probes = hypothesis.get("probes") if isinstance(hypothesis, dict) else None
    if not isinstance(probes, list) or not probes:
        raise UsageError(
            f"{path}: steady-state-hypothesis: it has no probes, so nothing would be compared. "
            "Add at least one probe with a tolerance."
        )
    for probe in probes:
        tolerance = probe.get("tolerance") if isinstance(probe, dict) else None
        if not isinstance(tolerance, dict) or tolerance.get("type") != "probe":
            continue
        provider = tolerance.get("provider")
        if not isinstance(provider, dict) or not isinstance(provider.get("arguments"), dict):
            raise UsageError(
                f"{path}: steady-state-hypothesis: the tolerance of {probe.get('name')!r} has no "
                "arguments for Chaos Toolkit to put the value in. Add `arguments: {}`."
            )


def _require_control(path: Path, experiment: Mapping[str, Any], meta: ExperimentMeta) -> None:
    """Plain ``chaos run`` has no guards but those that our control keeps."""
    providers = [control.get("provider") or {} for control in experiment.get("controls") or []]
    if meta.guards and _CONTROL not in [provider.get("module") for provider in providers]:
        raise UsageError(
            f"{path}: controls: {_CONTROL} is missing, so under `chaos run` nobody would ask the "
            "guards. Add it."
        )


def _one_of(value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f'unknown "{value}". {did_you_mean(value, known)}')
    return value


def _sentence(error: ValidationError | TypeError) -> str:
    if isinstance(error, TypeError):
        return f"extensions: the key title belongs to the experiment itself ({error})."
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"extensions: {key} is missing. Add it to the entry named {_NAME}."
    if first["type"] == "extra_forbidden":
        known = ExperimentMeta if len(first["loc"]) == 1 else Guard
        nearest = did_you_mean(str(first["loc"][-1]), known.model_fields)
        return f"extensions: unknown key {key}. {nearest}"
    message = first["msg"].removeprefix("Value error, ").rstrip(".")
    return f"extensions: {key}: {message}."
