"""What a FHIR R4 server says that it can do: its CapabilityStatement.

See https://hl7.org/fhir/R4/capabilitystatement.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from codeblue.errors import UsageError

MEDIA_TYPE = "application/fhir+json"
_TIMEOUT = 30.0
_R4 = "4.0."

Described = Mapping[str, Any]
"""An entry of ``CapabilityStatement.rest.resource``."""


@dataclass(frozen=True)
class Capabilities:
    """What a server offers of each resource type."""

    types: Mapping[str, Described]

    @classmethod
    def of(cls, statement: Any, where: str) -> Capabilities:
        """What ``statement``, read at ``where``, says.

        Raises:
            UsageError: it is no CapabilityStatement of a FHIR R4 server.
        """
        named = statement.get("resourceType") if isinstance(statement, dict) else None
        if named != "CapabilityStatement":
            raise UsageError(
                f"{where}: no CapabilityStatement. Set `fhir` in codeblue.toml to the base of one."
            )
        if not str(version := statement.get("fhirVersion")).startswith(_R4):
            raise UsageError(f"{where}: FHIR {version}. The journeys need a server of R4, {_R4}x.")
        servers = [rest for rest in statement.get("rest", []) if rest.get("mode") == "server"]
        offered = [each for rest in servers for each in rest.get("resource", [])]
        return cls({each["type"]: each for each in offered})

    def can(self, kind: str, interaction: str) -> bool:
        """Whether resources of ``kind`` have the interaction, such as ``search-type``."""
        offered = self._of(kind).get("interaction", [])
        return any(each.get("code") == interaction for each in offered)

    def searches(self, kind: str, parameter: str) -> bool:
        """Whether resources of ``kind`` can be searched by ``parameter``."""
        known = self._of(kind).get("searchParam", [])
        named = any(each.get("name") == parameter for each in known)
        return named and self.can(kind, "search-type")

    def says(self, kind: str, element: str, *values: object) -> bool:
        """Whether ``element`` of what is said of ``kind`` is one of the values."""
        return self._of(kind).get(element) in values

    def _of(self, kind: str) -> Described:
        return self.types.get(kind, {})


def read_capabilities(url: str, headers: Mapping[str, str]) -> Capabilities:
    """What the server whose statement is at ``url`` offers.

    Raises:
        UsageError: it does not answer, or not with a CapabilityStatement of R4.
    """
    try:
        answer = httpx.get(url, headers=dict(headers), timeout=_TIMEOUT, follow_redirects=True)
        statement = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise UsageError(f"{url}: cannot be read ({error}). Look at the server's log.") from error
    return Capabilities.of(statement, url)
