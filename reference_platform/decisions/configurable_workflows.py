"""Switch 14, "Workflow Diversity": whose rules a hospital works by.

Without it every hospital but the ones that somebody thought of runs by the rules of the first:
nothing fails, and its patients are escalated, or not, as somebody else's would be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog
from pydantic import BaseModel, ValidationError

from reference_platform.contract.cds import PARTS, Workflow
from reference_platform.institutions import DEFAULT, SHIPPED
from reference_platform.outcomes import Refusal

Configured = Callable[[str, str], Mapping[str, Any] | None]
"""What a tenant has set for a name, None when nothing."""
_ISSUES = 10
_log = structlog.get_logger("reference_platform")


class ConfigurableWorkflows(Protocol):
    """The workflow of a tenant, and what may become a part of it."""

    def workflow(self, tenant: str, configured: Configured) -> Workflow:
        """By which rules `tenant` works now."""
        ...

    def accept(self, name: str, content: object) -> None:
        """Refusal 422 when `content` cannot be the configuration `name`."""
        ...


class Pilot:
    """The two hospitals of the pilot, in code; whoever joins later is like the first."""

    def workflow(self, tenant: str, configured: Configured) -> Workflow:  # noqa: ARG002
        """What the programmer knew."""
        if tenant == "lakeside":
            return SHIPPED["lakeside"]
        return SHIPPED["riverside"]

    def accept(self, name: str, content: object) -> None:
        """Anything: nobody reads it."""


class Production:
    """Each hospital's own configuration, validated before it is stored and when it is loaded."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str], tuple[object, BaseModel]] = {}

    def workflow(self, tenant: str, configured: Configured) -> Workflow:
        """What the tenant has set; as shipped, where it has set nothing."""
        shipped = SHIPPED.get(tenant, SHIPPED[DEFAULT])
        parts: dict[str, Any] = {
            name: self._part(tenant, name, configured, shipped) for name in PARTS
        }
        return Workflow.model_construct(**parts)

    def accept(self, name: str, content: object) -> None:
        """What the model of the configuration allows."""
        try:
            PARTS[name].model_validate(content)
        except ValidationError as error:
            raise Refusal(422, *_sentences(name, error)) from None

    def _part(self, tenant: str, name: str, configured: Configured, shipped: Workflow) -> BaseModel:
        content = configured(tenant, name)
        active: BaseModel = getattr(shipped, name)
        seen, part = self._loaded.get((tenant, name), (None, active))
        if content is not None and content is not seen:
            part = self._load(tenant, name, content, part)
            self._loaded[tenant, name] = (content, part)
        return part

    def _load(
        self, tenant: str, name: str, content: Mapping[str, Any], active: BaseModel
    ) -> BaseModel:
        """The new part, or the active one as long as the new one is invalid."""
        try:
            return PARTS[name].model_validate(content)
        except ValidationError:
            _log.error("configuration invalid, the old one stays", tenant=tenant, name=name)
            return active


def _sentences(name: str, error: ValidationError) -> list[str]:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        f"{'.'.join([name, *map(str, problem['loc'])])}: {problem['msg']}."
        for problem in problems[:_ISSUES]
    ]
