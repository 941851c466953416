"""Audit review: an auditor looks at who opened a patient's chart, and at what needs attention."""

from __future__ import annotations

from typing import Any

from locust import task

from codeblue.load.journey import Journey, content

PAGE = 20


class AuditReview(Journey):
    """Reads the trail of one patient, its latest event, and the alerts of the hospital."""

    role = "auditor"

    @task
    def review(self) -> None:
        """An auditor sees the trail, and no chart."""
        patient = self.next_patient()
        with self.client.get(
            f"/v1/fhir/AuditEvent?patient={patient}&_count={PAGE}",
            name="/v1/fhir/AuditEvent?patient={id}",
            catch_response=True,
        ) as answer:
            found: list[dict[str, Any]] = content(answer).get("entry", [])
        if found:
            event = found[0]["resource"]["id"]
            self.client.get(f"/v1/fhir/AuditEvent/{event}", name="/v1/fhir/AuditEvent/{id}")
        self.client.get("/v1/alerts")
