"""FHIR read: a patient resource is read in the ways that any R4 server may offer."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import content, succeeded
from codeblue.load.journeys.fhir import FhirJourney


class FhirRead(FhirJourney):
    """Reads one patient: now, if it has changed since, as a version, with its history."""

    def prepare(self) -> None:
        """Look at what can be read."""
        super().prepare()
        self.need("Patient", "read")
        offered = self.capabilities
        self._conditional = offered.says("Patient", "conditionalRead", "not-match", "full-support")
        self._versions = offered.can("Patient", "vread")
        self._history = offered.can("Patient", "history-instance")
        self._name = f"{self.fhir}/Patient/{{id}}"

    @task
    def read(self) -> None:
        """What the server does not list is not asked for."""
        where = f"{self.fhir}/Patient/{self.next_patient()}"
        with self.client.get(where, name=self._name, catch_response=True) as answer:
            patient, tag = content(answer), answer.headers and answer.headers.get("ETag")
            read = patient.get("resourceType") == "Patient"
            if succeeded(answer) and not read:
                answer.failure(f"{self._name}: the answer is no Patient")
        if not read:
            return
        if self._conditional and tag:
            self._read_again(where, str(tag))
        version = patient.get("meta", {}).get("versionId")
        if self._versions and version:
            self.client.get(f"{where}/_history/{version}", name=f"{self._name}/_history/{{vid}}")
        if self._history:
            self.client.get(f"{where}/_history?_count=10", name=f"{self._name}/_history")

    def _read_again(self, where: str, tag: str) -> None:
        """304 without a body, unless somebody has changed it in between."""
        self.client.get(where, name=f"{self._name} (If-None-Match)", headers={"If-None-Match": tag})
