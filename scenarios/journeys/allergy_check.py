"""Allergy check: before a medicine is given, somebody asks what the patient does not tolerate."""

from __future__ import annotations

from locust import task

from codeblue.load.journey import Journey


class AllergyCheck(Journey):
    """Reads one list, which nobody may read from a cache: it could be out of date."""

    @task
    def ask(self) -> None:
        """One request, so that an arrival is served or turned away as a whole."""
        patient = self.next_patient()
        self.client.get(f"/v1/patients/{patient}/allergies", name="/v1/patients/{id}/allergies")
