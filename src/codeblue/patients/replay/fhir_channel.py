"""FHIR R4 resources into a server: patients when they first occur, appointments and results."""

from __future__ import annotations

import re

import httpx

from codeblue.errors import TargetError
from codeblue.patients.replay.channel import CLOSED, TIMEOUT
from codeblue.patients.replay.delivery import Delivery, Resource, Standard

_JSON = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
_LOCATION = re.compile(r"(?:^|/)[A-Z][A-Za-z]+/([A-Za-z0-9\-.]{1,64})(?:/_history/|$)")


class FhirChannel:
    """The FHIR API at ``url``.

    A person is created at the first delivery that needs it, and then known by the id that the
    server gave. A booked appointment is created and, when it was kept or missed, updated; the
    results of a visit are one transaction.
    """

    name = "fhir"
    standard: Standard = "fhir"

    def __init__(self, url: str, token: str | None, patience: float) -> None:
        self._url = url.rstrip("/")
        headers = _JSON | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.AsyncClient(headers=headers, timeout=patience)
        self._patients: dict[tuple[int, int], str] = {}
        self._appointments: dict[tuple[int, int], str] = {}

    async def open(self) -> None:
        """Ask for the capability statement; any answer will do.

        Raises:
            TargetError: there is none.
        """
        try:
            await self._client.get(f"{self._url}/metadata")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TargetError(
                f"{self._url}: cannot be reached ({str(error) or type(error).__name__}). "
                "Start the server, or correct the address."
            ) from error

    async def send(self, lane: int, delivery: Delivery) -> str:  # noqa: ARG002 - all lanes share
        """Send the resources; the status of the answer, or why there is none."""
        try:
            answer = await self._send(delivery)
        except httpx.TimeoutException:
            return TIMEOUT
        except httpx.HTTPError:
            return CLOSED
        return str(answer.status_code)

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def _send(self, delivery: Delivery) -> httpx.Response:
        event, resources = delivery.event, delivery.resources
        person = (event.institution, event.person)
        if person not in self._patients:
            answer = await self._client.post(f"{self._url}/Patient", json=delivery.patient)
            if (patient := _created(answer)) is None:
                return answer
            self._patients[person] = patient
        reference = f"Patient/{self._patients[person]}"
        if resources[0]["resourceType"] == "Appointment":
            return await self._appointment((event.person, event.visit), resources[0], reference)
        bundle = _transaction([one | {"subject": {"reference": reference}} for one in resources])
        return await self._client.post(self._url, json=bundle)

    async def _appointment(
        self, visit: tuple[int, int], resource: Resource, reference: str
    ) -> httpx.Response:
        actor = {"actor": {"reference": reference}, "status": "accepted"}
        body, path = resource | {"participant": [actor]}, f"{self._url}/Appointment"
        if known := self._appointments.pop(visit, None):
            return await self._client.put(f"{path}/{known}", json=body | {"id": known})
        answer = await self._client.post(path, json=body)
        if resource["status"] == "booked" and (created := _created(answer)):
            self._appointments[visit] = created
        return answer


def _transaction(resources: list[Resource]) -> Resource:
    requests = [{"method": "POST", "url": resource["resourceType"]} for resource in resources]
    entries = zip(resources, requests, strict=True)
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [{"resource": resource, "request": request} for resource, request in entries],
    }


def _created(answer: httpx.Response) -> str | None:
    """The id of the resource that was created; None when none was."""
    if not answer.is_success:
        return None
    if found := _LOCATION.search(answer.headers.get("Location", "")):
        return found[1]
    try:
        return str(answer.json()["id"])
    except (ValueError, KeyError, TypeError):
        return None
