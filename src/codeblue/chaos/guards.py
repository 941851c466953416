"""Guards: the conditions under which an experiment is stopped, and how one is asked."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from chaoslib.activity import ensure_activity_is_valid, run_activity
from chaoslib.exceptions import ChaosException
from chaoslib.hypothesis import ensure_hypothesis_tolerance_is_valid, within_tolerance
from pydantic import BaseModel, ConfigDict, Field, field_validator

from codeblue.chaos.sentences import measured, plain
from codeblue.errors import UsageError
from codeblue.target.duration import Duration


class Guard(BaseModel):
    """A probe that is asked again and again, and what it may answer.

    ``provider`` and ``tolerance`` are Chaos Toolkit's own; ``every`` is in seconds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    provider: dict[str, Any]
    tolerance: Any
    every: Duration = 0.2

    @field_validator("every")
    @classmethod
    def _is_an_interval(cls, value: float) -> float:
        if value <= 0:
            raise ValueError('not an interval. Write it like "200ms" or "1s"')
        return value


@dataclass(frozen=True)
class Breach:
    """Why an experiment was stopped: which guard, what it found; blind when it found nothing."""

    guard: str
    reason: str
    blind: bool = False

    @property
    def sentence(self) -> str:
        """For the verdict and the journal."""
        return f"guard {self.guard}: {'blind: ' if self.blind else ''}{self.reason}"


@dataclass(frozen=True)
class Asking:
    """What asking takes besides the guard: the experiment's configuration and secrets."""

    configuration: Mapping[str, Any]
    secrets: Mapping[str, Any]

    def ask(self, guard: Guard) -> Breach | None:
        """None while ``guard`` is within its tolerance; a guard that fails to answer is blind."""
        try:
            value = run_activity(_probe(guard), self.configuration, self.secrets)
            held = within_tolerance(
                _tolerance(guard), value, configuration=self.configuration, secrets=self.secrets
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is known of the platform
            return Breach(guard.name, plain(str(error)) or type(error).__name__, blind=True)
        return None if held else Breach(guard.name, measured(value))


def require_valid(guards: tuple[Guard, ...]) -> None:
    """Let Chaos Toolkit look at each probe and tolerance; it imports what they name.

    Raises:
        UsageError: one of them is not valid, and why.
    """
    for guard in guards:
        try:
            ensure_activity_is_valid(_probe(guard))
            ensure_hypothesis_tolerance_is_valid(_tolerance(guard))
        except ChaosException as error:
            raise UsageError(f"guard {guard.name}: {error}. Put it right.") from error


def _probe(guard: Guard) -> dict[str, Any]:
    return {"type": "probe", "name": guard.name, "provider": deepcopy(guard.provider)}


def _tolerance(guard: Guard) -> Any:
    """The tolerance with a place for the value, which Chaos Toolkit writes into it."""
    tolerance = deepcopy(guard.tolerance)
    if isinstance(tolerance, dict) and tolerance.get("type") == "probe":
        tolerance.setdefault("name", guard.name)
        tolerance["provider"].setdefault("arguments", {})
    return tolerance
