"""Ward round: a nurse looks a patient over, and asks what they do not tolerate."""

from __future__ import annotations

from http import HTTPStatus

from locust import task

from codeblue.load.journey import Journey, content

# Rounds on which something new comes up: an engineering estimate, low because lists only grow.
NEW_ALLERGY = 0.1


class WardRound(Journey):
    """Reads the summary, the scores and the allergy list, and sometimes adds to the list."""

    role = "nurse"

    @task
    def visit(self) -> None:
        """The list is read after it was added to, as a nurse would check."""
        patient = self.next_patient()
        self.client.get(f"/v1/patients/{patient}/summary", name="/v1/patients/{id}/summary")
        self.client.get(f"/v1/patients/{patient}/assessments", name="/v1/patients/{id}/assessments")
        if self.happens(NEW_ALLERGY):
            self._note(patient)
        self._read(patient)

    def _note(self, patient: str) -> None:
        code = self.unique("ALG-")
        allergy = {"code": code, "display": f"Substance {code}"}
        where = f"/v1/patients/{patient}/allergies"
        with (
            self.operation("list", patient, "append", code) as step,
            self.send("POST", where, allergy, name="/v1/patients/{id}/allergies") as answer,
        ):
            step.settle(answer.status_code)
            if answer.status_code == HTTPStatus.CREATED:
                self.acknowledge("allergy", code, patient, where, allergy, step.invoked)

    def _read(self, patient: str) -> None:
        with (
            self.operation("list", patient, "read") as step,
            self.client.get(
                f"/v1/patients/{patient}/allergies",
                name="/v1/patients/{id}/allergies",
                catch_response=True,
            ) as answer,
        ):
            listed = content(answer).get("allergies", [])
            step.settle(answer.status_code, [each["code"] for each in listed])
