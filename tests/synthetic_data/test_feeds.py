"""What the institutions send, as the reference platform reads it."""

from __future__ import annotations

import pytest

from codeblue.patients import load_population
from codeblue.patients.hl7v2 import AdtEvent
from reference_platform.decisions import adapter_hub
from reference_platform.settings import Settings

NATION = load_population("national")
HUB = adapter_hub.Production().adapters(Settings())
EVENTS: list[AdtEvent] = ["A01", "A02", "A03", "A08"]
EACH = 5


@pytest.mark.parametrize("home", range(len(NATION.institutions)))
@pytest.mark.parametrize("event", EVENTS)
def test_every_institution_is_understood(event: AdtEvent, home: int) -> None:
    indices = [n for n, here in enumerate(NATION.persons(0, 500).home) if here == home][:EACH]
    assert len(indices) == EACH
    for index in indices:
        patient = NATION.patient(index)
        message = NATION.adt(event, index, facility="riverside", ward="W1")
        told = HUB.event(message.encode())
        assert (told.tenant, told.trigger, told.ward) == ("riverside", event, "W1")
        assert (told.family, told.given) == (patient.family, patient.given)
        assert (told.patient, told.gender) == (patient.record_number, patient.gender)
        assert told.birth_date == patient.birth_date.isoformat()
