"""What every journey does that gives appointments: open a slot, book it, look at it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from codeblue.load.journey import Journey, content

_HALF_AN_HOUR = timedelta(minutes=30)
_FIRST = datetime(2031, 3, 3, 8, tzinfo=UTC)


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


# One slot after the other, written once: to format a time costs as much as half a request.
_TIMES = [
    (_instant(start), _instant(start + _HALF_AN_HOUR))
    for start in (_FIRST + number * _HALF_AN_HOUR for number in range(10_000))
]


class Desk(Journey):
    """A user who has slots to give.

    Every slot is one of its own practitioner, so who is refused one is wronged.
    """

    abstract = True

    def open_slot(self) -> str | None:
        """The id of a new free slot; ``None`` when it was not opened."""
        start, end = self.pick(_TIMES)
        slot = {"practitioner": self.unique("practitioner-"), "start": start, "end": end}
        with self.send("POST", "/v1/slots", slot) as answer:
            if answer.status_code == HTTPStatus.CREATED:
                return str(content(answer)["id"])
            answer.failure(f"/v1/slots: {answer.status_code} is not 201")
        return None

    def book(self, slot: str, patient: str) -> bool:
        """Whether the patient now has the slot, to which the platform is then held."""
        wanted = {"slot": slot, "patient": patient}
        with (
            self.operation("slot", slot, "book", patient) as step,
            self.send("POST", "/v1/appointments", wanted) as answer,
        ):
            step.settle(answer.status_code)
            booked = bool(answer.status_code == HTTPStatus.CREATED)
            if booked:
                identity, where = str(content(answer)["id"]), f"/v1/appointments?slot={slot}"
                self.acknowledge("appointment", identity, patient, where, wanted, step.invoked)
        return booked

    def look(self, slot: str) -> None:
        """Read who has the slot."""
        with (
            self.operation("slot", slot, "read") as step,
            self.client.get(
                f"/v1/appointments?slot={slot}",
                name="/v1/appointments?slot={id}",
                catch_response=True,
            ) as answer,
        ):
            held = content(answer).get("appointments", [])
            step.settle(answer.status_code, [each["patient"] for each in held])
