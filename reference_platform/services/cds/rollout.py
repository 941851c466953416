"""The state of a release, and the flag that is evaluated from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import Metadata
from openfeature.provider.no_op_provider import NoOpProvider

from reference_platform.contract.delivery import State
from reference_platform.decisions.canary_progressive import ALL, Step, chosen
from reference_platform.services.cds.versions import FIRST


@dataclass(frozen=True, slots=True)
class Rollout:
    """The latest release: `share` percent of the patients have the candidate."""

    number: int = 0
    stable: str = FIRST
    candidate: str = FIRST
    share: int = 0
    state: State = "stable"
    reason: str | None = None

    @property
    def serving(self) -> str:
        """The version that most have."""
        return self.candidate if self.share == ALL else self.stable

    def after(self, step: Step) -> Rollout:
        """The same release, a step further."""
        return replace(self, share=step.share, state=step.state, reason=step.reason)

    def content(self) -> dict[str, Any]:
        """As it is stored and shown."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return {"service": "cds", **known}


def rollout(content: Mapping[str, Any] | None) -> Rollout:
    """What `Rollout.content` made; the first version for everybody when there is none."""
    if content is None:
        return Rollout()
    return Rollout(**{name: value for name, value in content.items() if name != "service"})


class RolloutProvider(NoOpProvider):
    """An OpenFeature provider of one flag: the targeting key, a patient or a person, keeps its
    side; of any other flag it knows nothing.
    """

    def __init__(self, current: Callable[[], Rollout]) -> None:
        super().__init__()
        self._current = current

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata(name="rollout")

    def resolve_string_details(
        self,
        flag_key: str,  # noqa: ARG002
        default_value: str,  # noqa: ARG002
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[str]:
        """The version for a key; each release deals the keys anew."""
        now = self._current()
        key = evaluation_context.targeting_key if evaluation_context else None
        if chosen(f"{now.number}:{key}", now.share):
            return FlagResolutionDetails(now.candidate, reason=Reason.SPLIT, variant="candidate")
        return FlagResolutionDetails(now.stable, reason=Reason.SPLIT, variant="stable")
