"""Journeys over any FHIR R4 server, and the parts of what is written to one."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from codeblue.errors import UsageError
from codeblue.load.journey import Journey
from codeblue.load.journeys.capabilities import MEDIA_TYPE, Capabilities, read_capabilities

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ACT_CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class FhirJourney(Journey):
    """A user of the FHIR R4 server at ``fhir`` of ``codeblue.toml``.

    Its CapabilityStatement is read once, before the load; that request is none of the journey's.
    """

    abstract = True
    media_type = MEDIA_TYPE
    default_headers = {"Accept": MEDIA_TYPE}  # noqa: RUF012 - as Locust has it

    def prepare(self) -> None:
        """Read what the server can do.

        Raises:
            UsageError: there is no ``fhir`` in codeblue.toml, or no server of R4 there.
        """
        fhir = self.session.target.fhir
        if fhir is None:
            raise UsageError('codeblue.toml [target]: no "fhir". Set the path of the FHIR R4 API.')
        self.fhir = fhir
        token = self.client.client.default_headers.get("Authorization")
        self.capabilities = _capabilities(f"{self.host}{fhir}/metadata", str(token or ""))

    def need(self, kind: str, interaction: str) -> None:
        """Without it there is nothing for this journey to do.

        Raises:
            UsageError: the server does not list it.
        """
        if not self.capabilities.can(kind, interaction):
            raise UsageError(
                f"{self.fhir}/metadata: lists no {interaction} of {kind}, with which "
                f"{type(self).__name__} begins. Leave that journey out of the load."
            )


@cache
def _capabilities(url: str, authorization: str) -> Capabilities:
    headers = {"Accept": MEDIA_TYPE}
    return read_capabilities(
        url, headers | ({"Authorization": authorization} if authorization else {})
    )


def reference(kind: str, identity: str) -> dict[str, str]:
    """A Reference to another resource of the server."""
    return {"reference": f"{kind}/{identity}"}


def concept(system: str, code: str, display: str) -> dict[str, Any]:
    """A CodeableConcept of one Coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def quantity(value: float, unit: str) -> dict[str, Any]:
    """A Quantity whose unit is a UCUM code."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def now() -> str:
    """This second, as a FHIR dateTime."""
    return datetime.now(UTC).isoformat(timespec="seconds")
