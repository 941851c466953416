"""FHIR search: what stands in a chart is searched for, type by type, as any R4 server offers it."""

from __future__ import annotations

from typing import Any

from locust import task

from codeblue.errors import UsageError
from codeblue.load.journey import content, succeeded
from codeblue.load.journeys.fhir import FhirJourney

# Types about a patient that a clinician may see; each is searched by the first parameter it has.
TYPES = (
    "Observation", "Condition", "AllergyIntolerance", "MedicationRequest", "Encounter",
    "Procedure", "Immunization", "DiagnosticReport", "CarePlan", "DocumentReference",
)  # fmt: skip
PARAMETERS = ("patient", "subject")
PAGE = 10
# Results of a search besides its matches: https://hl7.org/fhir/R4/valueset-search-entry-mode.html.
BESIDES = ("OperationOutcome",)


class FhirSearch(FhirJourney):
    """Searches one type for one patient, and reads the next page if there is one."""

    def prepare(self) -> None:
        """Look at what can be searched for."""
        super().prepare()
        searches = [
            (kind, parameter)
            for kind in TYPES
            for parameter in PARAMETERS
            if self.capabilities.searches(kind, parameter)
        ]
        if not searches:
            raise UsageError(
                f"{self.fhir}/metadata: no clinical type can be searched by patient or subject. "
                "Leave fhir-search out of the load."
            )
        # Of both parameters the first will do.
        self._searches = list(dict(reversed(searches)).items())

    @task
    def search(self) -> None:
        """Who opens a chart may look at any part of it."""
        kind, parameter = self.pick(self._searches)
        name = f"{self.fhir}/{kind}?{parameter}={{id}}"
        where = f"{self.fhir}/{kind}?{parameter}={self.next_patient()}&_count={PAGE}"
        following = self._page(where, name, kind)
        if following is not None:
            self._page(following, f"{name} (next)", kind)

    def _page(self, where: str, name: str, kind: str) -> str | None:
        """The address of the page after this one."""
        with self.client.get(where, name=name, catch_response=True) as answer:
            bundle = content(answer)
            if succeeded(answer) and not _is_search(bundle, kind):
                answer.failure(f"{name}: the answer is no searchset of {kind}")
        links = {link.get("relation"): link.get("url") for link in bundle.get("link", [])}
        return self._own(links.get("next"))

    def _own(self, address: str | None) -> str | None:
        """The path of ``address``, if it is on this server; no other one is ever asked."""
        base = f"{self.host}/"
        if address is None or address.startswith("/"):
            return address
        return address.removeprefix(base[:-1]) if address.startswith(base) else None


def _is_search(bundle: dict[str, Any], kind: str) -> bool:
    found = [entry.get("resource", {}).get("resourceType") for entry in bundle.get("entry", [])]
    return bundle.get("type") == "searchset" and {*found} <= {kind, *BESIDES}
