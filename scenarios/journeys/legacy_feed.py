"""Legacy feed: a hospital's old system tells of stays, in HL7 v2 over MLLP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from locust import task

from codeblue.load.journey import Journey
from codeblue.load.journeys.feed import MllpClient
from codeblue.load.journeys.stays import RESULTS, StayMessages, stay_messages

# The edge over which the old system reaches the platform, and what a target says in codeblue.toml,
# under `capabilities`, that takes results (ORU) beside admissions (ADT).
EDGE, TAKES_RESULTS = "ehr-hub", "mllp-results"
WARDS = ("MED-1", "MED-2", "SURG-1", "ICU")
# Stays that move on to another ward, or bring new details: synthetic_data, acute hospital.
MOVED, UPDATED = 0.40, 0.30
# Stays at which a clinician looks once they are over: an engineering estimate.
LOOKED_AT = 0.2

_told: dict[str, list[StayMessages]] = {}


class LegacyFeed(Journey):
    """Tells of one stay from admission to discharge, each event once the one before was taken."""

    def prepare(self) -> None:
        """Write the messages, as far as they are the same in every stay."""
        target = self.session.target
        self.feed = MllpClient(self, target.edge(EDGE).listen)
        self._results = TAKES_RESULTS in target.capabilities
        for tenant in self.tenants:
            if tenant not in _told:
                _told[tenant] = stay_messages(target, tenant)

    @task
    def stay(self) -> None:
        """What is not acknowledged ends it: what follows would make no sense."""
        self.next_patient()
        about, visit = self.pick(_told[self.tenant]), self.unique("V")
        for trigger, state in self._events():
            if not self._tell(about, visit, trigger, state):
                return
        if self._results and RESULTS in about.texts:
            self._report(about, visit, state["ward"])
        if self.happens(LOOKED_AT):
            self.client.get(f"/v1/visits/{visit}", name="/v1/visits/{visit}")

    def _events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each event of a stay by its trigger, and how the visit stands after it."""
        moved, updated = self.happens(MOVED), self.happens(UPDATED)
        triggers = ["A01", *["A02"] * moved, *["A08"] * updated, "A03"]
        ward = self.pick(WARDS)
        for number, trigger in enumerate(triggers, 1):
            ward = self.pick(WARDS) if trigger == "A02" else ward
            status = "discharged" if trigger == "A03" else "admitted"
            yield trigger, {"status": status, "ward": ward, "admissions": 1, "events": number}

    def _tell(self, about: StayMessages, visit: str, trigger: str, state: dict[str, Any]) -> bool:
        """Whether the event was taken; the platform is then held to how the visit stands."""
        where, must = f"/v1/visits/{visit}", {"visit": visit, **state}
        message = about.text(trigger, self.unique(), visit, state["ward"])
        invoked, taken = time.time(), False
        try:
            with self.feed.send(f"ADT^{trigger}", message) as answer:
                taken = answer is not None
                if taken:
                    self.acknowledge("visit", visit, about.patient, where, must, invoked)
        finally:
            if not taken:
                self.doubt("visit", visit, where, must)
        return taken

    def _report(self, about: StayMessages, visit: str, ward: str) -> None:
        message = about.text(RESULTS, self.unique(), visit, ward)
        with self.feed.send(RESULTS, message):
            pass
