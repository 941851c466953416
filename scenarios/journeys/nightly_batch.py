"""Nightly batch: accounts are billed, and a patient gets the export that was asked for."""

from __future__ import annotations

import time
from http import HTTPStatus

from locust import task

from codeblue.load.journey import Journey, content

# How often, and how many seconds apart, it is asked whether the accounts are billed.
LOOKS, PAUSE = 20, 0.5


class NightlyBatch(Journey):
    """Starts a billing run, waits for its end, then exports a record and reads the export."""

    role = "administrator"

    @task
    def run_batch(self) -> None:
        """A run that goes on for longer than is looked at is no failure: it has all night."""
        patient = self.next_patient()
        with self.client.post("/v1/billing-runs", catch_response=True) as answer:
            run = content(answer).get("id") if answer.status_code == HTTPStatus.ACCEPTED else None
        if run is not None:
            self._await_end(run)
        with self.send("POST", "/v1/exports", {"patient": patient}) as answer:
            export = content(answer).get("id") if answer.status_code == HTTPStatus.CREATED else None
        if export is not None:
            self.client.get(f"/v1/exports/{export}", name="/v1/exports/{id}")

    def _await_end(self, run: str) -> None:
        for _ in range(LOOKS):
            with self.client.get(
                f"/v1/billing-runs/{run}", name="/v1/billing-runs/{id}", catch_response=True
            ) as answer:
                status = content(answer).get("status")
                if status == "failed":
                    answer.failure(f"/v1/billing-runs/{run}: the run failed")
            if status != "running":
                return
            time.sleep(PAUSE)  # Locust has made it wait for this user alone
