"""Booking: the front desk gives a patient an appointment, and another one to who did not come."""

from __future__ import annotations

from locust import task

from codeblue.load.journeys.desk import Desk

# Mean of 105 studies: Dantas 2018, Health Policy 122(4).
NO_SHOW = 0.23
# How often the desk looks at what it just booked: an engineering estimate.
READ_BACK = 0.3


class Booking(Desk):
    """Opens a slot and books it; after a no-show, looks it up and gives another one."""

    @task
    def give(self) -> None:
        """Every booking has a slot of its own, so a conflict is a failure."""
        patient = self.next_patient()
        slot = self.open_slot()
        if slot is None or not self.book(slot, patient):
            return
        if self.happens(NO_SHOW):
            self.look(slot)
            self._give_another(patient)
        elif self.happens(READ_BACK):
            self.look(slot)

    def _give_another(self, patient: str) -> None:
        slot = self.open_slot()
        if slot is not None:
            self.book(slot, patient)
